//! The C interface of `hs.h`, as far as it is used: types, numbers, and the table of functions of one loaded library.
//!
//! Nothing here is safe to call; `lib.rs`, `database.rs` and `scratch.rs` say under which conditions it is.

use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void};

use libloading::Library;

/// `hs_database_t`: compiled patterns, read-only once made.
#[repr(C)]
pub(crate) struct Database {
    _opaque: [u8; 0],
}

/// `hs_scratch_t`: working memory of one scan at a time.
#[repr(C)]
pub(crate) struct Scratch {
    _opaque: [u8; 0],
}

/// `hs_platform_info_t`. Only a null pointer is passed: the library then looks at the CPU itself.
#[repr(C)]
pub(crate) struct PlatformInfo {
    _opaque: [u8; 0],
}

/// `hs_compile_error_t`.
#[repr(C)]
pub(crate) struct CompileErrorInfo {
    /// Text that ends with a NUL, or null.
    pub(crate) message: *mut c_char,
    /// Index of the pattern at fault; negative when it is none of them.
    pub(crate) expression: c_int,
}

/// `match_event_handler`: id, from, to, flags, context; not zero stops the scan.
pub(crate) type OnMatch = unsafe extern "C" fn(c_uint, c_ulonglong, c_ulonglong, c_uint, *mut c_void) -> c_int;

pub(crate) const SUCCESS: c_int = 0;
pub(crate) const SCAN_TERMINATED: c_int = -3;
pub(crate) const COMPILER_ERROR: c_int = -4;

/// `HS_MODE_BLOCK`: each scan sees one whole text.
pub(crate) const MODE_BLOCK: c_uint = 1;

pub(crate) const FLAG_CASELESS: c_uint = 1;
pub(crate) const FLAG_DOTALL: c_uint = 2;
pub(crate) const FLAG_MULTILINE: c_uint = 4;
pub(crate) const FLAG_SINGLEMATCH: c_uint = 8;
pub(crate) const FLAG_UTF8: c_uint = 32;
pub(crate) const FLAG_UCP: c_uint = 64;
pub(crate) const FLAG_PREFILTER: c_uint = 128;

type CompileMulti = unsafe extern "C" fn(
    expressions: *const *const c_char,
    flags: *const c_uint,
    ids: *const c_uint,
    elements: c_uint,
    mode: c_uint,
    platform: *const PlatformInfo,
    database: *mut *mut Database,
    error: *mut *mut CompileErrorInfo,
) -> c_int;

type CompileLitMulti = unsafe extern "C" fn(
    expressions: *const *const c_char,
    flags: *const c_uint,
    ids: *const c_uint,
    lengths: *const usize,
    elements: c_uint,
    mode: c_uint,
    platform: *const PlatformInfo,
    database: *mut *mut Database,
    error: *mut *mut CompileErrorInfo,
) -> c_int;

type Scan = unsafe extern "C" fn(
    database: *const Database,
    data: *const c_char,
    length: c_uint,
    flags: c_uint,
    scratch: *mut Scratch,
    on_match: OnMatch,
    context: *mut c_void,
) -> c_int;

/// The functions of one library.
pub(crate) struct Api {
    pub(crate) valid_platform: unsafe extern "C" fn() -> c_int,
    pub(crate) version: unsafe extern "C" fn() -> *const c_char,
    pub(crate) compile_multi: CompileMulti,
    pub(crate) compile_lit_multi: CompileLitMulti,
    pub(crate) free_compile_error: unsafe extern "C" fn(*mut CompileErrorInfo) -> c_int,
    pub(crate) free_database: unsafe extern "C" fn(*mut Database) -> c_int,
    pub(crate) database_size: unsafe extern "C" fn(*const Database, *mut usize) -> c_int,
    pub(crate) database_info: unsafe extern "C" fn(*const Database, *mut *mut c_char) -> c_int,
    pub(crate) alloc_scratch: unsafe extern "C" fn(*const Database, *mut *mut Scratch) -> c_int,
    pub(crate) clone_scratch: unsafe extern "C" fn(*const Scratch, *mut *mut Scratch) -> c_int,
    pub(crate) scratch_size: unsafe extern "C" fn(*const Scratch, *mut usize) -> c_int,
    pub(crate) free_scratch: unsafe extern "C" fn(*mut Scratch) -> c_int,
    pub(crate) scan: Scan,
}

impl Api {
    /// Looks every function up; the error is the name of the first one that is missing.
    ///
    /// # Safety
    ///
    /// `library` is a Vectorscan or Hyperscan with the interface of `hs.h` 5.2 to 5.4, and stays loaded for as long as
    /// the table is used: the pointers do not keep it.
    pub(crate) unsafe fn look_up(library: &Library) -> Result<Self, &'static str> {
        macro_rules! symbol {
            ($name:literal) => {
                // SAFETY: the caller vouches that the library has the interface of `hs.h`, so that a symbol of this
                // name has the type of the field, which is written above as the header has it.
                *unsafe { library.get(concat!($name, "\0").as_bytes()) }.map_err(|_| $name)?
            };
        }
        Ok(Self {
            valid_platform: symbol!("hs_valid_platform"),
            version: symbol!("hs_version"),
            compile_multi: symbol!("hs_compile_multi"),
            compile_lit_multi: symbol!("hs_compile_lit_multi"),
            free_compile_error: symbol!("hs_free_compile_error"),
            free_database: symbol!("hs_free_database"),
            database_size: symbol!("hs_database_size"),
            database_info: symbol!("hs_database_info"),
            alloc_scratch: symbol!("hs_alloc_scratch"),
            clone_scratch: symbol!("hs_clone_scratch"),
            scratch_size: symbol!("hs_scratch_size"),
            free_scratch: symbol!("hs_free_scratch"),
            scan: symbol!("hs_scan"),
        })
    }
}

unsafe extern "C" {
    /// The C library's `free`: what `hs_database_info` returns came from its `malloc`.
    pub(crate) fn free(pointer: *mut c_void);
}
