//! Compiled patterns, and scanning text with them.

use std::any::Any;
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::fmt;
use std::ops::{BitOr, ControlFlow};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{CompileError, ScanError};
use crate::scratch::Scratch;
use crate::{Vectorscan, ffi, limits};

/// How the library reads one expression; combined with `|`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(c_uint);

impl Flags {
    /// Nothing special: bytes, case matters, `.` is not a line feed.
    pub const NONE: Self = Self(0);
    /// Letters match in either case.
    pub const CASELESS: Self = Self(ffi::FLAG_CASELESS);
    /// `.` matches a line feed too.
    pub const DOTALL: Self = Self(ffi::FLAG_DOTALL);
    /// `^` and `$` match at every line.
    pub const MULTILINE: Self = Self(ffi::FLAG_MULTILINE);
    /// At most one match of the pattern is reported per text, and it is its earliest end.
    pub const SINGLEMATCH: Self = Self(ffi::FLAG_SINGLEMATCH);
    /// The pattern is characters, not bytes. The text must be UTF-8: what is reported for other bytes is undefined.
    pub const UTF8: Self = Self(ffi::FLAG_UTF8);
    /// `\w`, `\d`, `\s`, `\b` by Unicode properties, in the library's edition of Unicode; needs [`Flags::UTF8`].
    pub const UCP: Self = Self(ffi::FLAG_UCP);
    /// The library may match more than the pattern says, never less; some patterns compile only so.
    pub const PREFILTER: Self = Self(ffi::FLAG_PREFILTER);
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One regular expression, in the PCRE dialect that the library reads.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a> {
    /// The expression, without delimiters.
    pub expression: &'a str,
    /// How it is read.
    pub flags: Flags,
}

/// Literal byte strings, compiled. All occurrences are found, overlapping ones too.
pub struct Literals {
    database: Database,
    lengths: Vec<u32>,
}

impl Literals {
    /// Compiles byte strings of any bytes, but for a NUL as the first. `caseless` folds ASCII letters only.
    ///
    /// # Errors
    ///
    /// [`CompileError`] names the first pattern that is empty, too long or begins with a NUL, or says what the library
    /// refused.
    pub fn compile(library: &'static Vectorscan, patterns: &[&[u8]], caseless: bool) -> Result<Self, CompileError> {
        check_sizes(patterns.iter().map(|pattern| pattern.len()))?;
        if let Some(pattern) = patterns.iter().position(|pattern| pattern[0] == 0) {
            return Err(CompileError::LeadingNul { pattern });
        }
        let pointers: Vec<*const c_char> = patterns.iter().map(|pattern| pattern.as_ptr().cast()).collect();
        let lengths: Vec<usize> = patterns.iter().map(|pattern| pattern.len()).collect();
        let flags = vec![if caseless { ffi::FLAG_CASELESS } else { 0 }; patterns.len()];
        let ids: Vec<c_uint> = (0..patterns.len() as c_uint).collect();
        let database = Database::build(library, |database, error| {
            // SAFETY: the four arrays have `patterns.len()` elements; each pointer has as many bytes as its length
            // says; `check_sizes` bounds the count.
            unsafe {
                (library.api.compile_lit_multi)(
                    pointers.as_ptr(),
                    flags.as_ptr(),
                    ids.as_ptr(),
                    lengths.as_ptr(),
                    patterns.len() as c_uint,
                    ffi::MODE_BLOCK,
                    ptr::null(),
                    database,
                    error,
                )
            }
        })?;
        Ok(Self { database, lengths: lengths.into_iter().map(|length| length as u32).collect() })
    }

    /// Calls `on_match(pattern, start, end)` for every occurrence, in the order of their ends, until it breaks.
    /// Returns whether it did.
    ///
    /// # Errors
    ///
    /// [`ScanError`] when the text is too long, the scratch is another's, or memory is short. Occurrences may have been
    /// reported before.
    ///
    /// # Panics
    ///
    /// With what `on_match` panics with.
    pub fn scan<F>(&self, scratch: &mut Scratch, text: &[u8], mut on_match: F) -> Result<ControlFlow<()>, ScanError>
    where
        F: FnMut(u32, usize, usize) -> ControlFlow<()>,
    {
        self.database
            .scan(scratch, text, |pattern, end| on_match(pattern, end - self.lengths[pattern as usize] as usize, end))
    }

    /// Number of patterns.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Always false: there is no database without patterns.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }
}

/// Regular expressions, compiled. Only the ends of matches are known, and every end at which some match ends is one:
/// `a+` on "aaa" ends at 1, 2 and 3.
pub struct Regexes {
    database: Database,
}

impl Regexes {
    /// Compiles expressions. An expression that can match the empty string is refused by the library.
    ///
    /// # Errors
    ///
    /// [`CompileError`] names the first expression at fault and gives the library's reason.
    pub fn compile(library: &'static Vectorscan, patterns: &[Pattern<'_>]) -> Result<Self, CompileError> {
        check_sizes(patterns.iter().map(|pattern| pattern.expression.len()))?;
        let expressions: Vec<CString> = patterns
            .iter()
            .enumerate()
            .map(|(pattern, of)| {
                CString::new(of.expression).map_err(|nul| CompileError::Nul { pattern, at: nul.nul_position() })
            })
            .collect::<Result<_, _>>()?;
        let pointers: Vec<*const c_char> = expressions.iter().map(|expression| expression.as_ptr()).collect();
        let flags: Vec<c_uint> = patterns.iter().map(|pattern| pattern.flags.0).collect();
        let ids: Vec<c_uint> = (0..patterns.len() as c_uint).collect();
        let database = Database::build(library, |database, error| {
            // SAFETY: the three arrays have `patterns.len()` elements, the pointers are to strings that end with a NUL
            // and outlive the call, and `check_sizes` bounds the count.
            unsafe {
                (library.api.compile_multi)(
                    pointers.as_ptr(),
                    flags.as_ptr(),
                    ids.as_ptr(),
                    patterns.len() as c_uint,
                    ffi::MODE_BLOCK,
                    ptr::null(),
                    database,
                    error,
                )
            }
        })?;
        Ok(Self { database })
    }

    /// Calls `on_match(pattern, end)` for every end of a match until it breaks; returns whether it did. Ends ascend,
    /// but for patterns that look at what follows them. One end may be reported twice.
    ///
    /// # Errors
    ///
    /// [`ScanError`] when the text is too long, the scratch is another's, or memory is short. Matches may have been
    /// reported before.
    ///
    /// # Panics
    ///
    /// With what `on_match` panics with.
    pub fn scan<F>(&self, scratch: &mut Scratch, text: &[u8], on_match: F) -> Result<ControlFlow<()>, ScanError>
    where
        F: FnMut(u32, usize) -> ControlFlow<()>,
    {
        self.database.scan(scratch, text, on_match)
    }
}

/// What both kinds of patterns have in common.
macro_rules! shared {
    ($kind:ident) => {
        impl $kind {
            /// A new scratch that is large enough for these patterns.
            ///
            /// # Errors
            ///
            /// [`ScanError::Library`] when memory is short.
            pub fn scratch(&self) -> Result<Scratch, ScanError> {
                Scratch::new(&self.database)
            }

            /// Makes a scratch large enough for these patterns too.
            ///
            /// # Errors
            ///
            /// [`ScanError::Scratch`] when it belongs to another library, [`ScanError::Library`] when memory is short;
            /// the scratch is then as it was.
            pub fn fit(&self, scratch: &mut Scratch) -> Result<(), ScanError> {
                scratch.fit(&self.database)
            }

            /// Bytes of memory that the compiled patterns take.
            pub fn heap_bytes(&self) -> usize {
                self.database.heap_bytes()
            }

            /// What the library says of the compiled patterns: its version, the CPU features they use, the mode.
            pub fn info(&self) -> String {
                self.database.info()
            }
        }

        impl fmt::Debug for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($kind)).field("bytes", &self.heap_bytes()).finish_non_exhaustive()
            }
        }
    };
}
shared!(Literals);
shared!(Regexes);

/// A database of the library, whatever it was compiled from.
pub(crate) struct Database {
    library: &'static Vectorscan,
    raw: NonNull<ffi::Database>,
    number: u64,
}

// SAFETY: a database is plain memory that the library never writes to after it is compiled.
unsafe impl Send for Database {}
// SAFETY: as above; all that changes during a scan is in the scratch.
unsafe impl Sync for Database {}

impl Database {
    /// Makes one by a call of the library that fills in a database or an error.
    fn build(
        library: &'static Vectorscan,
        compile: impl FnOnce(*mut *mut ffi::Database, *mut *mut ffi::CompileErrorInfo) -> c_int,
    ) -> Result<Self, CompileError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut raw = ptr::null_mut();
        let mut error = ptr::null_mut();
        let code = compile(&raw mut raw, &raw mut error);
        match NonNull::new(raw) {
            Some(raw) if code == ffi::SUCCESS => {
                Ok(Self { library, raw, number: NEXT.fetch_add(1, Ordering::Relaxed) })
            }
            _ => Err(compile_error(library, code, error)),
        }
    }

    fn scan<F>(&self, scratch: &mut Scratch, text: &[u8], on_match: F) -> Result<ControlFlow<()>, ScanError>
    where
        F: FnMut(u32, usize) -> ControlFlow<()>,
    {
        let Ok(length) = c_uint::try_from(text.len()) else {
            return Err(ScanError::TextTooLong { bytes: text.len() });
        };
        if !scratch.fits(self) {
            return Err(ScanError::Scratch);
        }
        let mut events = Events { on_match, panic: None };
        // SAFETY: database and scratch are alive, of one library and fitted; the text has `length` bytes; `Events<F>`
        // is what `on_event::<F>` takes its context for, and outlives the call, which is over when this returns.
        let code = unsafe {
            (self.library.api.scan)(
                self.raw.as_ptr(),
                text.as_ptr().cast(),
                length,
                0,
                scratch.raw(),
                on_event::<F>,
                (&raw mut events).cast(),
            )
        };
        if let Some(panic) = events.panic {
            resume_unwind(panic);
        }
        match code {
            ffi::SUCCESS => Ok(ControlFlow::Continue(())),
            ffi::SCAN_TERMINATED => Ok(ControlFlow::Break(())),
            code => Err(ScanError::Library { code }),
        }
    }

    pub(crate) fn library(&self) -> &'static Vectorscan {
        self.library
    }

    pub(crate) fn raw(&self) -> *const ffi::Database {
        self.raw.as_ptr()
    }

    /// Unique in the process.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    fn heap_bytes(&self) -> usize {
        let mut bytes = 0;
        // SAFETY: the database is alive, and the library writes one `size_t`.
        let code = unsafe { (self.library.api.database_size)(self.raw.as_ptr(), &raw mut bytes) };
        if code == ffi::SUCCESS { bytes } else { 0 }
    }

    fn info(&self) -> String {
        let mut text = ptr::null_mut();
        // SAFETY: the database is alive, and the library writes a pointer to a string that it has allocated.
        let code = unsafe { (self.library.api.database_info)(self.raw.as_ptr(), &raw mut text) };
        if code != ffi::SUCCESS || text.is_null() {
            return String::new();
        }
        // SAFETY: on success it is a string that ends with a NUL.
        let info = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
        // SAFETY: it came from `malloc`, no allocator of ours being set, and nothing refers to it any more.
        unsafe { ffi::free(text.cast()) };
        info
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: it is alive and owned by this value alone; a scan would borrow it.
        unsafe { (self.library.api.free_database)(self.raw.as_ptr()) };
    }
}

/// The caller's closure, and what it panicked with.
struct Events<F> {
    on_match: F,
    panic: Option<Box<dyn Any + Send>>,
}

/// Hands one match to the closure. Not zero stops the scan.
///
/// # Safety
///
/// `context` points to an `Events<F>` that nobody else uses during the call.
unsafe extern "C" fn on_event<F>(
    id: c_uint,
    _from: c_ulonglong,
    to: c_ulonglong,
    _flags: c_uint,
    context: *mut c_void,
) -> c_int
where
    F: FnMut(u32, usize) -> ControlFlow<()>,
{
    // SAFETY: the caller gives the context that `Database::scan` passed; the library hands it back unchanged, on the
    // thread of the scan, one call at a time.
    let events = unsafe { &mut *context.cast::<Events<F>>() };
    // The closure is not called again after a panic, and its owner sees the panic go on: nothing half-changed is used
    // as if it were whole.
    match catch_unwind(AssertUnwindSafe(|| (events.on_match)(id, to as usize))) {
        Ok(ControlFlow::Continue(())) => 0,
        Ok(ControlFlow::Break(())) => 1,
        Err(panic) => {
            events.panic = Some(panic);
            1
        }
    }
}

fn check_sizes(lengths: impl ExactSizeIterator<Item = usize>) -> Result<(), CompileError> {
    match lengths.len() {
        0 => return Err(CompileError::NoPatterns),
        patterns if patterns > limits::PATTERNS => return Err(CompileError::TooMany { patterns }),
        _ => {}
    }
    for (pattern, bytes) in lengths.enumerate() {
        if bytes == 0 {
            return Err(CompileError::Empty { pattern });
        }
        if bytes > limits::PATTERN_BYTES {
            return Err(CompileError::TooLong { pattern, bytes });
        }
    }
    Ok(())
}

/// Reads and frees the library's account of a failed compilation.
fn compile_error(library: &Vectorscan, code: c_int, error: *mut ffi::CompileErrorInfo) -> CompileError {
    // SAFETY: null, or what the library filled in, which is alive until it is freed below.
    let Some(info) = (unsafe { error.as_ref() }) else {
        return CompileError::Library { code };
    };
    let message = if info.message.is_null() {
        format!("the library gives no reason (error {code})")
    } else {
        // SAFETY: a string of the library that ends with a NUL and lives as long as `error`.
        unsafe { CStr::from_ptr(info.message) }.to_string_lossy().into_owned()
    };
    let pattern = usize::try_from(info.expression).ok();
    // SAFETY: it is the library's, not freed yet, and `info` is not used behind this.
    unsafe { (library.api.free_compile_error)(error) };
    if code == ffi::COMPILER_ERROR {
        CompileError::Refused { pattern, message }
    } else {
        CompileError::Library { code }
    }
}
