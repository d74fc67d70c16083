//! The inner loops of the fast route, one set for each kind of processor. All give the same results as the portable
//! loops of `codes.rs`, `anchor.rs` and `words.rs`, which the tests compare them with.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
mod masks;

/// Which loops are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// AVX-512 with VBMI and VBMI2: from Ice Lake and Zen 4 on.
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    /// Plain loops.
    Portable,
}

impl Kernel {
    /// The fastest that this processor has.
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = avx512::Avx512::new() {
            return Self::Avx512(kernel);
        }
        Self::Portable
    }

    /// Name of the kernel, as it stands in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            Self::Portable => "portable",
        }
    }
}
