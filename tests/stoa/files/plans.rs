//! Queries of files go by index: on a full database none of them walks a big table.

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use std::time::Duration;
use stoa::domain::access::Requester;
use stoa::domain::file::{FileId, FileNo, Purpose};
use stoa::domain::file_name::FileName;
use stoa::domain::ids::{ConversationNo, MessageId, UserNo};
use stoa::domain::message::Power;
use stoa::domain::principal::Roles;
use stoa::domain::snapshot::Reader;
use stoa::store::changes::{self, Change, ChangeKind, Changed};
use stoa::store::files::uploading::{self, NewFile, Quotas};
use stoa::store::files::{self, dropping, seeing};
use stoa::store::messages as message_rows;

use crate::plans::{full_database, must_walk_nothing};

const HOUR: Duration = Duration::from_secs(3_600);
const QUOTAS: Quotas = Quotas {
    a_day: 1 << 40,
    a_user: 1 << 40,
    in_all: None,
    open: 1_000,
};

/// Lets the messages show the files that the uses name.
const SHOW: &str = "
update messages m set attachments = jsonb_build_array(jsonb_build_object('file_id', f.id))
from file_uses u join files f on f.no = u.file_no where u.conversation_no = m.conversation_no and u.seq = m.seq;
analyze";

fn new_file(owner: i64) -> NewFile {
    NewFile {
        id: FileId::fresh(),
        owner: UserNo(owner),
        purpose: Purpose::Message,
        name: FileName::clean("x"),
        declared_type: None,
        size: 1_000,
        waveform: None,
        keep: HOUR,
    }
}

const READER: Reader = Reader {
    no: UserNo(1),
    role: None,
    sees_from: 0,
};

/// A message that shows a file.
fn shown_by(n: i64) -> MessageId {
    MessageId {
        conversation: ConversationNo(1 + n * 100),
        seq: 1 + n * 100 % 20,
    }
}

fn change(connection: &mut PgConnection, message: MessageId, kind: ChangeKind) {
    let change = Change {
        conversation: message.conversation,
        policy: 0,
        actor: UserNo(1),
        contacts_a_day: None,
        kind,
    };
    let changed = changes::apply(connection, &change).unwrap();
    assert!(matches!(changed, Changed::Done(_)), "{changed:?}");
}

fn changes_of_messages(connection: &mut PgConnection) {
    must_walk_nothing(connection, "removing a file", |connection, n| {
        let message = shown_by(n + 20);
        let file = message_rows::find(connection, message).unwrap().unwrap();
        let file = file.content.files().next().expect("a file");
        let (power, reader) = (Power::Moderates, READER);
        let kind = ChangeKind::RemoveAttachment {
            message,
            file,
            power,
            reader,
        };
        change(connection, message, kind)
    });
    must_walk_nothing(
        connection,
        "deleting a message with a file",
        |connection, n| {
            let message = shown_by(n);
            let (power, reader) = (Power::Moderates, READER);
            change(
                connection,
                message,
                ChangeKind::Delete {
                    message,
                    power,
                    reader,
                },
            )
        },
    );
}

#[test]
fn no_query_of_files_walks_a_big_table() {
    let (_pool, mut connection) = full_database();
    let connection = &mut connection;
    connection.batch_execute(SHOW).expect("files in messages");
    must_walk_nothing(connection, "an upload", |connection, n| {
        let begun = uploading::begin(connection, &new_file(n), QUOTAS).unwrap();
        let file = begun.unwrap();
        let piece = uploading::begin_piece(connection, &file, 0, 1_000)
            .unwrap()
            .unwrap();
        let received = uploading::finish_pieces(connection, file.no, &[piece]).unwrap();
        assert_eq!(received, Some(1_000));
        assert!(uploading::complete(connection, file.no).unwrap());
        assert_eq!(
            uploading::stored_pieces(connection, file.no).unwrap(),
            [piece]
        );
        assert_eq!(uploading::all_pieces(connection, file.no).unwrap().len(), 1);
        uploading::forget_pieces(connection, &[piece.no]).unwrap();
    });
    must_walk_nothing(connection, "reading files", |connection, n| {
        let file = files::find_by_no(connection, FileNo(n * 100))
            .unwrap()
            .unwrap();
        assert!(files::find(connection, file.id).unwrap().is_some());
        let owned = files::owned(connection, &[file.id], &[file.owner]).unwrap();
        assert_eq!(owned.len(), 1);
        let someone = Requester::new(UserNo(n), Roles::default());
        seeing::seen(connection, &[file.id], someone).unwrap()
    });
    changes_of_messages(connection);
    must_walk_nothing(connection, "dropping", |connection, n| {
        dropping::judge(connection, FileNo(n), HOUR).unwrap()
    });
}
