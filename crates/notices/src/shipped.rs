//! The types that ship.

use crate::catalogue::Notices;
use crate::kind::NoticeType;
use language::problem::Problem;

/// The files, each with its name.
pub const SHIPPED: [(&str, &str); 12] = [
    ("booking", include_str!("../../../notices/booking.toml")),
    ("delivery", include_str!("../../../notices/delivery.toml")),
    (
        "job_application",
        include_str!("../../../notices/job_application.toml"),
    ),
    ("lead", include_str!("../../../notices/lead.toml")),
    (
        "order_update",
        include_str!("../../../notices/order_update.toml"),
    ),
    ("other", include_str!("../../../notices/other.toml")),
    ("payment", include_str!("../../../notices/payment.toml")),
    ("promotion", include_str!("../../../notices/promotion.toml")),
    ("security", include_str!("../../../notices/security.toml")),
    ("support", include_str!("../../../notices/support.toml")),
    ("system", include_str!("../../../notices/system.toml")),
    (
        "verification",
        include_str!("../../../notices/verification.toml"),
    ),
];

impl Notices {
    /// The types that ship, without those of which there are others of the same name.
    ///
    /// # Errors
    ///
    /// The problems of a file, which a test excludes.
    pub fn shipped_beside(own: Vec<NoticeType>) -> Result<Self, String> {
        let mut all = own;
        let names: Vec<String> = all.iter().map(|of| of.name.clone()).collect();
        for (file, source) in SHIPPED {
            let of = NoticeType::parse(source).map_err(|problems| told(file, &problems))?;
            if !names.contains(&of.name) {
                all.push(of);
            }
        }
        Self::of(all)
    }
}

fn told(file: &str, problems: &[Problem]) -> String {
    let problems: Vec<String> = problems
        .iter()
        .map(|problem| format!("{file}.toml:{problem}"))
        .collect();
    problems.join("\n")
}
