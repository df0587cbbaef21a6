//! Brings the changes of a transaction block to a catalog that others have changed since the block began.
//!
//! Objects are told by their ids. One that the block has not touched is as the others left it; one that it has touched must not
//! have been touched by anybody else.

use std::collections::{HashMap, HashSet};

use super::record::{Record, RelationRecord, SchemaRecord};
use super::roles::{Role, Roles};
use crate::error::{Error, Result, SqlState};

/// The newest record with what a block has made of the one it began with. 40001 where both changed the same object, 42P07 or
/// 42P06 where a name of the block's is taken by now, 3F000 where the schema of a new relation is gone.
pub(super) fn merge(base: &Record, mine: &Record, newest: &Record) -> Result<Record> {
    let schemas = merge_objects(&base.schemas, &mine.schemas, &newest.schemas)?;
    let relations = merge_objects(&base.relations, &mine.relations, &newest.relations)?;
    let mut names: HashSet<&str> = HashSet::new();
    if let Some(twice) = schemas.iter().find(|schema| !names.insert(&schema.name)) {
        return Err(Error::new(SqlState::DuplicateSchema, format!("schema \"{}\" already exists", twice.name)));
    }
    let mut places = HashSet::new();
    for relation in &relations {
        if !names.contains(relation.schema.as_str()) {
            return Err(match mine.relations.iter().any(|own| own.oid == relation.oid) {
                true => {
                    let message = format!("schema \"{}\" does not exist", relation.schema);
                    Error::new(SqlState::InvalidSchemaName, message)
                }
                false => conflict(),
            });
        }
        for name in std::iter::once(&relation.name).chain(relation.keys().iter().map(|key| &key.name)) {
            if !places.insert((&relation.schema, name)) {
                let message = format!("relation \"{name}\" already exists");
                return Err(Error::new(SqlState::DuplicateTable, message));
            }
        }
    }
    let roles = merge_roles(&base.roles, &mine.roles, &newest.roles)?;
    Ok(Record { format: newest.format, next_oid: newest.next_oid.max(mine.next_oid), roles, schemas, relations })
}

/// 42710 where a role's name is taken by now, 2BP01 where two blocks together would leave no owner.
fn merge_roles(base: &Roles, mine: &Roles, newest: &Roles) -> Result<Roles> {
    let roles = merge_objects(base.list(), mine.list(), newest.list())?;
    let mut names = HashSet::new();
    if let Some(twice) = roles.iter().find(|role| !names.insert(&role.name)) {
        return Err(Error::new(SqlState::DuplicateObject, format!("role \"{}\" already exists", twice.name)));
    }
    let merged = newest.with(roles);
    if merged != *newest {
        merged.require_an_owner(newest)?;
    }
    Ok(merged)
}

/// Something with an id for life.
trait Object: Clone + PartialEq {
    fn oid(&self) -> u32;
}

impl Object for SchemaRecord {
    fn oid(&self) -> u32 {
        self.oid
    }
}

impl Object for RelationRecord {
    fn oid(&self) -> u32 {
        self.oid
    }
}

impl Object for Role {
    fn oid(&self) -> u32 {
        self.oid
    }
}

/// Those that are there in the order of the newest, then the new ones.
fn merge_objects<T: Object>(base: &[T], mine: &[T], newest: &[T]) -> Result<Vec<T>> {
    let (before, own, theirs) = (by_oid(base), by_oid(mine), by_oid(newest));
    let mut merged = vec![];
    for their in newest {
        let (before, own) = (before.get(&their.oid()), own.get(&their.oid()));
        if before == own {
            merged.push(their.clone());
        } else if before == Some(&their) {
            merged.extend(own.map(|own| T::clone(own)));
        } else {
            return Err(conflict());
        }
    }
    for own in mine.iter().filter(|own| !theirs.contains_key(&own.oid())) {
        match before.get(&own.oid()) {
            None => merged.push(own.clone()),
            Some(before) if *before == own => {}
            Some(_) => return Err(conflict()),
        }
    }
    Ok(merged)
}

fn by_oid<T: Object>(objects: &[T]) -> HashMap<u32, &T> {
    objects.iter().map(|object| (object.oid(), object)).collect()
}

fn conflict() -> Error {
    let message = "could not serialize access: the definition of an object was changed by a concurrent statement";
    Error::new(SqlState::SerializationFailure, message).with_hint("run the transaction again")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::access::Access;
    use super::super::record::{Body, View};
    use super::super::verifier::Verifier;
    use super::*;

    /// One for all: each new record has a secret of its own.
    static EMPTY: std::sync::LazyLock<Record> = std::sync::LazyLock::new(Record::new);

    fn view(oid: u32, name: &str) -> RelationRecord {
        RelationRecord {
            oid,
            schema: "public".into(),
            name: name.into(),
            comment: None,
            column_comments: BTreeMap::new(),
            access: Access::default(),
            body: Body::View(View { query: "SELECT 1".into(), path: vec![], columns: vec![], shipped: false }),
        }
    }

    fn record(views: &[(u32, &str)]) -> Record {
        let base = EMPTY.clone();
        Record { relations: views.iter().map(|(oid, name)| view(*oid, name)).collect(), ..base }
    }

    fn names(base: &[(u32, &str)], mine: &[(u32, &str)], newest: &[(u32, &str)]) -> Result<Vec<String>, SqlState> {
        let merged = merge(&record(base), &record(mine), &record(newest)).map_err(|error| error.state())?;
        Ok(merged.relations.into_iter().map(|relation| relation.name).collect())
    }

    #[test]
    fn what_others_did_to_other_objects_stays() {
        let merged =
            names(&[(1, "a"), (2, "b"), (3, "c")], &[(1, "x"), (2, "b"), (4, "n")], &[(1, "a"), (5, "m"), (3, "c")]);
        assert_eq!(merged.unwrap(), ["x", "m", "n"]);
    }

    #[test]
    fn an_object_that_both_touched_is_a_conflict() {
        let refused = Err(SqlState::SerializationFailure);
        assert_eq!(names(&[(1, "a")], &[(1, "x")], &[(1, "y")]), refused);
        assert_eq!(names(&[(1, "a")], &[(1, "x")], &[]), refused);
        assert_eq!(names(&[(1, "a")], &[], &[(1, "y")]), refused);
        assert_eq!(names(&[(1, "a")], &[], &[]).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_name_is_there_once() {
        assert_eq!(names(&[], &[(1, "a")], &[(2, "a")]), Err(SqlState::DuplicateTable));
        assert_eq!(names(&[(1, "a")], &[(1, "b")], &[(1, "a"), (2, "b")]), Err(SqlState::DuplicateTable));
        assert_eq!(names(&[(1, "a")], &[(1, "b"), (3, "a")], &[(1, "a")]).unwrap(), ["b", "a"]);
    }

    #[test]
    fn a_schema_goes_only_without_what_others_put_into_it() {
        let base = record(&[]);
        let mut mine = base.clone();
        mine.schemas.retain(|schema| schema.name != "public");
        let error = merge(&base, &mine, &record(&[(1, "a")])).unwrap_err();
        assert_eq!(error.state(), SqlState::SerializationFailure);
        let error = merge(&base, &record(&[(1, "a")]), &mine).unwrap_err();
        assert_eq!(error.state(), SqlState::InvalidSchemaName);
    }

    #[test]
    fn two_blocks_do_not_each_take_one_of_two_owners() {
        let user = |oid, name: &str| {
            let verifier = Some(Verifier::of("x").unwrap());
            let member_of = vec![EMPTY.roles.named("owner").unwrap().oid];
            Role { verifier, member_of, ..Role::new(oid, name, true) }
        };
        let with = |users: &[(u32, &str)]| {
            let mut record = EMPTY.clone();
            users.iter().for_each(|(oid, name)| record.roles.add(user(*oid, name)));
            record
        };
        let (a, b) = ((1, "a"), (2, "b"));
        let mut base = with(&[a, b]);
        // The verifiers of the others must be the same ones: salts are random.
        let without = |base: &Record, oid| {
            let mut record = base.clone();
            record.roles.remove(oid);
            record
        };
        let error = merge(&base, &without(&base, 1), &without(&base, 2)).unwrap_err();
        assert_eq!(error.state(), SqlState::DependentObjectsStillExist);
        base.roles.add(user(3, "c"));
        assert!(merge(&base, &without(&base, 1), &without(&base, 2)).is_ok());
        let error = merge(&EMPTY, &with(&[a]), &with(&[(5, "a")])).unwrap_err();
        assert_eq!(error.state(), SqlState::DuplicateObject);
    }
}
