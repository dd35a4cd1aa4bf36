//! Tests how an offset for an earlier list is applied to the current list.

use super::*;

fn row(came: i64, went: Option<i64>, no: i64, seq: Seq, last_seq: Seq) -> ListRow {
    ListRow {
        came,
        went,
        joined: JoinedConversation {
            id: ConversationId(Uuid::nil()),
            no: ConversationNo(no),
            seq,
        },
        last_seq,
    }
}

fn goes_on(rows: &[ListRow], list: i64, offset: Option<&str>) -> Option<Vec<(i64, Seq)>> {
    let offset = offset.map(|text| Offset::parse(text).unwrap());
    let found = joined(rows, list, offset.as_ref(), 100)?;
    Some(found.iter().map(|one| (one.no.0, one.seq)).collect())
}

#[test]
fn an_offset_is_read_with_the_list_that_it_was_made_with() {
    // 7 joined, 8 joined, 7 left, 9 joined.
    let rows = [
        row(1, Some(3), 7, 10, 50),
        row(2, None, 8, 20, 50),
        row(4, None, 9, 30, 50),
    ];
    assert_eq!(goes_on(&rows, 4, None), Some(vec![(8, 20), (9, 30)]));
    assert_eq!(
        goes_on(&rows, 4, Some("4:25.35")),
        Some(vec![(8, 25), (9, 35)])
    );
    assert_eq!(
        goes_on(&rows, 4, Some("3:25")),
        Some(vec![(8, 25), (9, 30)])
    );
    assert_eq!(
        goes_on(&rows, 4, Some("2:12.25")),
        Some(vec![(8, 25), (9, 30)])
    );
    assert_eq!(
        goes_on(&rows, 4, Some("1:12")),
        Some(vec![(8, 20), (9, 30)])
    );
}

#[test]
fn what_came_again_is_another_one() {
    let rows = [row(1, Some(2), 7, 10, 50), row(3, None, 7, 40, 50)];
    assert_eq!(goes_on(&rows, 3, Some("1:12")), Some(vec![(7, 40)]));
    assert_eq!(goes_on(&rows, 3, Some("2:")), Some(vec![(7, 40)]));
    assert_eq!(goes_on(&rows, 3, Some("3:45")), Some(vec![(7, 45)]));
}

#[test]
fn an_impossible_offset_is_ignored() {
    let rows = [row(1, None, 7, 10, 50)];
    for wrong in ["2:12", "1:12.13", "1:", "1:51", "0:1"] {
        assert_eq!(goes_on(&rows, 1, Some(wrong)), None, "{wrong}");
    }
    assert_eq!(
        goes_on(&rows, 1, Some("1:5")),
        Some(vec![(7, 10)]),
        "before it came"
    );
    assert_eq!(
        goes_on(&[row(1, None, 7, 10, 111)], 1, None),
        None,
        "too much"
    );
}
