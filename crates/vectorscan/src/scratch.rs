//! Working memory of scans.

use std::fmt;
use std::ptr::{self, NonNull};

use crate::database::Database;
use crate::error::ScanError;
use crate::{Vectorscan, ffi};

/// Working memory that a scan needs: one per thread. It serves every database that it was fitted to.
pub struct Scratch {
    library: &'static Vectorscan,
    raw: NonNull<ffi::Scratch>,
    /// Numbers of the databases that it is large enough for; few, so a list.
    fitted: Vec<u64>,
}

// SAFETY: a scratch is memory without ties to the thread that made it. It is not `Sync`: a scan writes to it, and takes
// it by `&mut`.
unsafe impl Send for Scratch {}

impl Scratch {
    pub(crate) fn new(database: &Database) -> Result<Self, ScanError> {
        let library = database.library();
        let mut raw = ptr::null_mut();
        // SAFETY: the database is alive, and a null scratch asks for a new one.
        let code = unsafe { (library.api.alloc_scratch)(database.raw(), &raw mut raw) };
        match NonNull::new(raw) {
            Some(raw) if code == ffi::SUCCESS => Ok(Self { library, raw, fitted: vec![database.number()] }),
            _ => Err(ScanError::Library { code }),
        }
    }

    /// Makes it large enough for `database` too. Never shrinks, and what it was fitted to before stays fitted.
    pub(crate) fn fit(&mut self, database: &Database) -> Result<(), ScanError> {
        if !ptr::eq(self.library, database.library()) {
            return Err(ScanError::Scratch);
        }
        if self.fits(database) {
            return Ok(());
        }
        // A clone is grown instead of the scratch itself: the library frees what it can't grow.
        let mut grown = self.try_clone()?;
        let mut raw = grown.raw.as_ptr();
        // SAFETY: database and scratch are alive and of the same library, and `&mut` says that nobody scans with it.
        let code = unsafe { (self.library.api.alloc_scratch)(database.raw(), &raw mut raw) };
        let Some(raw) = NonNull::new(raw).filter(|_| code == ffi::SUCCESS) else {
            // Where it failed, the library has freed the clone or has kept it; which of the two is not documented, and
            // a leak is harmless where a second `free` is not.
            std::mem::forget(grown);
            return Err(ScanError::Library { code });
        };
        grown.raw = raw;
        grown.fitted.push(database.number());
        *self = grown;
        Ok(())
    }

    /// A second scratch for the same databases, for another thread.
    ///
    /// # Errors
    ///
    /// [`ScanError::Library`] when memory is short.
    pub fn try_clone(&self) -> Result<Self, ScanError> {
        let mut raw = ptr::null_mut();
        // SAFETY: the scratch is alive; it is not in use, because a scan would borrow it mutably.
        let code = unsafe { (self.library.api.clone_scratch)(self.raw.as_ptr(), &raw mut raw) };
        match NonNull::new(raw) {
            Some(raw) if code == ffi::SUCCESS => Ok(Self { library: self.library, raw, fitted: self.fitted.clone() }),
            _ => Err(ScanError::Library { code }),
        }
    }

    /// Bytes of memory that it takes.
    pub fn heap_bytes(&self) -> usize {
        let mut bytes = 0;
        // SAFETY: the scratch is alive, and the library writes one `size_t`.
        let code = unsafe { (self.library.api.scratch_size)(self.raw.as_ptr(), &raw mut bytes) };
        if code == ffi::SUCCESS { bytes } else { 0 }
    }

    /// Whether a scan of `database` may use it. The library checks only part of this.
    pub(crate) fn fits(&self, database: &Database) -> bool {
        // Numbers are unique in the process, so a number says which library as well.
        self.fitted.contains(&database.number())
    }

    pub(crate) fn raw(&mut self) -> *mut ffi::Scratch {
        self.raw.as_ptr()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: it is alive, owned by this value alone, and not in use.
        unsafe { (self.library.api.free_scratch)(self.raw.as_ptr()) };
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("bytes", &self.heap_bytes()).finish_non_exhaustive()
    }
}
