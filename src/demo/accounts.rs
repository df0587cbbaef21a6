//! Accounts and the people in them.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::calendar::{END, after, days_between};
use super::chance::{Room, lognormal, normal, one_of, poisson, probability, stream};
use super::spend::Arrival;

/// Share of accounts that were only ever imported: no journey, no interaction.
pub(super) const IDLE_SHARE: f64 = 0.04;

/// An account. `fit` is what drives its journeys, standard normal; `icp_fit` is what the company sees of it.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) segment: Segment,
    pub(super) industry: &'static str,
    pub(super) region: &'static str,
    pub(super) employees: i64,
    pub(super) annual_revenue: Option<f64>,
    pub(super) icp_fit: Option<f64>,
    pub(super) created: i64,
    pub(super) idle: bool,
    pub(super) fit: f64,
    pub(super) contacts: Vec<Contact>,
}

/// A size class of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment {
    Small,
    Middle,
    Enterprise,
}

impl Segment {
    pub(super) fn name(self) -> &'static str {
        match self {
            Segment::Small => "small",
            Segment::Middle => "mid-market",
            Segment::Enterprise => "enterprise",
        }
    }

    fn median_employees(self) -> f64 {
        match self {
            Segment::Small => 25.0,
            Segment::Middle => 240.0,
            Segment::Enterprise => 3200.0,
        }
    }
}

/// A person, or a second record of the same person.
#[derive(Debug)]
pub(super) struct Contact {
    pub(super) id: String,
    pub(super) stakeholder: Stakeholder,
    pub(super) title: Option<&'static str>,
    pub(super) created: i64,
    pub(super) duplicate_of: Option<Duplicate>,
}

/// Why a contact is known to be the same person as another of the account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Duplicate {
    pub(super) original: usize,
    pub(super) rule: &'static str,
    pub(super) seen: i64,
    /// Whether the source reports the pair in both directions.
    pub(super) both_ways: bool,
}

/// A role in the buying group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stakeholder {
    User,
    Administrator,
    Sponsor,
    Signatory,
}

impl Stakeholder {
    pub(super) const ALL: [Stakeholder; 4] =
        [Stakeholder::User, Stakeholder::Administrator, Stakeholder::Sponsor, Stakeholder::Signatory];

    pub(super) fn name(self) -> &'static str {
        match self {
            Stakeholder::User => "user",
            Stakeholder::Administrator => "administrator",
            Stakeholder::Sponsor => "sponsor",
            Stakeholder::Signatory => "signatory",
        }
    }

    /// The conversation track that speaks to the role.
    pub(super) fn track(self) -> &'static str {
        match self {
            Stakeholder::User => "daily work",
            Stakeholder::Administrator => "safe rollout",
            Stakeholder::Sponsor => "proven value",
            Stakeholder::Signatory => "fair terms",
        }
    }

    /// Sponsors and signatories never use the product.
    pub(super) fn uses_product(self) -> bool {
        matches!(self, Stakeholder::User | Stakeholder::Administrator)
    }

    fn titles(self) -> &'static [&'static str] {
        match self {
            Stakeholder::User => &["analyst", "planner", "specialist"],
            Stakeholder::Administrator => &["system owner", "data steward"],
            Stakeholder::Sponsor => &["VP Marketing", "COO", "VP Sales"],
            Stakeholder::Signatory => &["CFO", "procurement"],
        }
    }

    /// How easily the role is met: administrators answer every call, sponsors and signatories hardly any.
    pub(super) fn reach(self) -> f64 {
        match self {
            Stakeholder::User => 2.0,
            Stakeholder::Administrator => 6.0,
            Stakeholder::Sponsor => 0.5,
            Stakeholder::Signatory => 0.15,
        }
    }
}

const INDUSTRIES: [&str; 6] = ["software", "retail", "finance", "health", "logistics", "machinery"];
const REGIONS: [&str; 4] = ["north", "south", "east", "west"];

impl Account {
    /// The account of an index, that arrived as it did.
    pub(super) fn make(seed: u64, index: u64, arrival: Arrival) -> Self {
        let random = &mut stream(seed, index, Room::Account);
        let fit = normal(random);
        let segment = match random.random::<f64>() {
            u if u < 0.5 => Segment::Small,
            u if u < 0.85 => Segment::Middle,
            _ => Segment::Enterprise,
        };
        let employees = lognormal(random, segment.median_employees(), 0.6).ceil();
        let seen_fit = probability(1.1 * fit + 0.4 * normal(random));
        Self {
            id: format!("A{index:07}"),
            name: format!("Company {index}"),
            segment,
            industry: one_of(random, &INDUSTRIES),
            region: one_of(random, &REGIONS),
            employees: employees as i64,
            annual_revenue: (!random.random_bool(0.06))
                .then(|| (employees * lognormal(random, 180_000.0, 0.4)).round()),
            icp_fit: (!random.random_bool(0.03)).then(|| (seen_fit * 1000.0).round() / 1000.0),
            created: arrival.at,
            idle: random.random_bool(IDLE_SHARE),
            fit,
            contacts: contacts(index, arrival.at, random),
        }
    }

    /// The first contact of a role, duplicates aside.
    pub(super) fn first(&self, stakeholder: Stakeholder) -> Option<usize> {
        self.contacts.iter().position(|c| c.stakeholder == stakeholder)
    }
}

fn contacts(index: u64, created: i64, random: &mut ChaCha8Rng) -> Vec<Contact> {
    let roles = [
        (Stakeholder::User, 1 + random.random_range(0..3)),
        (Stakeholder::Administrator, if random.random_bool(0.3) { 2 } else { 1 }),
        (Stakeholder::Sponsor, 1),
        (Stakeholder::Signatory, usize::from(random.random_bool(0.6))),
    ];
    let mut contacts: Vec<Contact> = Vec::new();
    for stakeholder in roles.into_iter().flat_map(|(role, count)| std::iter::repeat_n(role, count)) {
        let title = (!random.random_bool(0.1)).then(|| one_of(random, stakeholder.titles()));
        let id = format!("C{index:07}{:02}", contacts.len());
        contacts.push(Contact { id, stakeholder, title, created, duplicate_of: None });
    }
    for _ in 0..poisson(random, 0.2) {
        let copy = duplicate(index, &contacts, random);
        contacts.push(copy);
    }
    contacts
}

/// A second record of one of the contacts, duplicates of duplicates included, so that chains of identities arise.
fn duplicate(index: u64, contacts: &[Contact], random: &mut ChaCha8Rng) -> Contact {
    let original = random.random_range(0..contacts.len());
    let first = contacts[original].created;
    let created = after(first, random.random::<f64>() * days_between(first, END) * 0.5);
    let seen = after(created, random.random::<f64>() * days_between(created, END));
    let rule = one_of(random, &["same email", "same device", "same phone"]);
    let both_ways = random.random_bool(0.2);
    Contact {
        id: format!("C{index:07}{:02}", contacts.len()),
        stakeholder: contacts[original].stakeholder,
        title: None,
        created,
        duplicate_of: Some(Duplicate { original, rule, seen, both_ways }),
    }
}
