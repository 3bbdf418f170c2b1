//! Registry: whenever the registry's two maps were compared, they mirrored each
//! other.

use super::finding::Report;
use super::view::View;
use super::{Finding, Oracle};

pub(super) fn judge(view: &View<'_>) -> Finding {
    let mut report = Report::new(Oracle::Registry);
    report.check(usize::try_from(view.evidence.registry_checks).unwrap_or(usize::MAX));
    for (at, what) in &view.evidence.broken_registry {
        report.broken(*at, || {
            format!("the registry's maps disagree at {at}: {what}")
        });
    }
    report.finish()
}
