//! What takes the standard library's place in npm's wasm.
//!
//! Its panics carry texts and the machinery to format them, a third of the download; ours never reach anybody: a trap is
//! a trap.

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
