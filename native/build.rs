//! Sets up the linking of the addon and bakes in the hash of the sources that it is built from.

fn main() {
    napi_build::setup();
    println!("cargo::rerun-if-env-changed=CORPUSGATE_SOURCE_HASH");
    let hash = std::env::var("CORPUSGATE_SOURCE_HASH").unwrap_or_else(|_| "unknown".to_owned());
    println!("cargo::rustc-env=CORPUSGATE_SOURCE_HASH={hash}");
}
