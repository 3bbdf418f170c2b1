//! The attribute `#[rehearsal::test]`. Use it through the crate `rehearsal`.

mod settings;

use proc_macro::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, parse_macro_input};

use crate::settings::Settings;

/// Makes a test of an async function: its program is run inside the simulator, under
/// one seed after the other, and the first run that fails fails the test.
///
/// The function takes the `World`, or nothing. It returns nothing, or a `Result`, whose
/// error fails the run, as do a panic in any task, a deadlock, a livelock, and a time-out.
/// A failure is written to a repro file, shrunk to the few deviations that matter, and printed
/// with its causal timeline and the line that replays it.
///
/// | setting | meaning | without it |
/// |---|---|---|
/// | `seeds` | how many, or which: `100`, `5..10` | 256 |
/// | `strategy` | a scheduling strategy, such as `"random"` or `"pct:3"`; `"portfolio"`, which takes several in turn; or `"exhaustive:2"` for every schedule of seed 0 within two deviations | `"portfolio"` |
/// | `ambient` | who answers for randomness and clocks: `"hermetic"` or `"real"` | `"hermetic"` |
/// | `leaks` | what comes of a thread or a socket that leaves the run: `"fail"` or `"allow"` | `"fail"` |
/// | `cancel` | the most tasks and time-outs that a run cancels, or `"each"`: one run for each await | 0 |
/// | `interleave` | the operations before which another task may run: `"awaits"`, or `"operations"` for those that do not wait as well | `"awaits"` |
/// | `stack_kib` | the stack of a task that is interrupted at such an operation, in KiB | 2048 |
/// | `plain_tasks` | the treatment of tasks that libraries spawn on plain tokio: `"interrupted"` or `"whole"` | `"interrupted"` |
/// | `latency` | how long a packet travels: `"1ms..50ms"` | `"1ms"` |
/// | `loss` | packets in a thousand that are lost | 0 |
/// | `steps` | the most steps of a run | ten million |
/// | `virtual_time` | the most virtual time of a run: `"10m"` | ten minutes |
/// | `oracles` | the oracles that judge what the actors of a run record: `["no-loss,gaps=overflow", "fifo"]` | none |
/// | `profile` | the rules that the messages of spans follow: `"agent-events"` | none |
///
/// Settings are expressions. Other attributes, such as `#[ignore]` and `#[should_panic]`,
/// keep their meaning.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let settings = parse_macro_input!(arguments as Settings);
    let function = parse_macro_input!(item as ItemFn);
    expand(&settings, &function)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

fn expand(settings: &Settings, function: &ItemFn) -> Result<proc_macro2::TokenStream, Error> {
    let ItemFn {
        attrs,
        vis,
        sig,
        block,
        ..
    } = function;
    let name = &sig.ident;
    if sig.asyncness.is_none() {
        let message = "a test that the simulator runs is an `async fn`";
        return Err(Error::new_spanned(sig.fn_token, message));
    }
    if !sig.generics.params.is_empty() {
        let message = "a test has no parameters that could be filled in";
        return Err(Error::new_spanned(&sig.generics, message));
    }
    let program = match sig.inputs.len() {
        0 => quote!(|_| #name()),
        1 => quote!(#name),
        _ => {
            let message = "a test takes the world, or nothing";
            return Err(Error::new_spanned(&sig.inputs, message));
        }
    };
    let calls = settings.calls();
    // On a target without hermetic runs the compiler warns of its use.
    let note = (!settings.sets("ambient")).then(|| {
        quote!(
            const _: () = ::rehearsal::build_limits::HERMETIC;
        )
    });
    Ok(quote! {
        #(#attrs)*
        #[::core::prelude::v1::test]
        #vis fn #name() {
            #sig #block
            #note

            ::rehearsal::Test::new(::rehearsal::TestLocation {
                package: ::core::env!("CARGO_PKG_NAME"),
                module: ::core::module_path!(),
                name: ::core::stringify!(#name),
                file: ::core::file!(),
            })
            .package_directory(::core::env!("CARGO_MANIFEST_DIR"))
            #(#calls)*
            .run(#program);
        }
    })
}

#[cfg(test)]
mod tests {
    // Not `super::*`: the attribute itself is called `test`.
    use super::expand;

    fn expanded(function: &str) -> Result<String, String> {
        expanded_with("seeds = 9", function)
    }

    fn expanded_with(settings: &str, function: &str) -> Result<String, String> {
        let settings = syn::parse_str(settings).expect("settings");
        let function = syn::parse_str(function).expect("a function");
        let tokens = expand(&settings, &function).map_err(|error| error.to_string())?;
        Ok(tokens.to_string())
    }

    #[::core::prelude::v1::test]
    fn a_function_becomes_a_test_of_its_name() {
        let text =
            expanded("#[ignore] async fn f(world: World) { g(world).await }").expect("it is");
        for part in [
            "# [ignore] # [:: core :: prelude :: v1 :: test] fn f ()",
            "async fn f (world : World)",
            ". seeds (9) . run (f)",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let text = expanded("async fn f() -> Result<(), E> { Ok(()) }").expect("it is");
        assert!(text.contains(". run (| _ | f ())"), "{text}");
    }

    #[::core::prelude::v1::test]
    fn test_that_needs_hermetic_runs_uses_their_note() {
        let notes = |settings| {
            let text = expanded_with(settings, "async fn f() {}").expect("it is");
            text.contains("build_limits :: HERMETIC")
        };
        assert!(notes("seeds = 9"));
        assert!(!notes("ambient = \"real\""));
    }

    #[::core::prelude::v1::test]
    fn functions_that_no_run_can_call_are_refused() {
        for (function, why) in [
            ("fn f() {}", "an `async fn`"),
            ("async fn f<T>() {}", "no parameters"),
            ("async fn f(a: A, b: B) {}", "the world, or nothing"),
        ] {
            let error = expanded(function).expect_err(function);
            assert!(error.contains(why), "{error}");
        }
    }
}
