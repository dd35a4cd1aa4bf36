//! Fills a database with messages of words that are as unevenly frequent as those of a language.

/// Messages of a conversation.
pub const LENGTH: i64 = 50;
/// Conversations of the reader and of the seller, users 1 and 2.
pub const OWN: [i64; 2] = [100, 600];
/// Different words; the lower its number, the more frequent is a word.
pub const WORDS: i64 = 50_000;

/// Raw SQL: each conversation has two people of its own; its messages are a minute apart, and it ended a while after the one before.
pub fn sql(messages: i64) -> String {
    let conversations = (messages / LENGTH).max(1);
    let own = |place: i64, wanted: i64| {
        let step = (conversations / wanted).max(1);
        format!(
            "insert into participants (conversation_no, user_no, role)
                select c, {place}, 'member' from generate_series(1, {conversations}, {step}) c limit {wanted};"
        )
    };
    let [reader, seller] = OWN;
    let (reader, seller) = (own(1, reader), own(2, seller));
    format!(
        "set synchronous_commit = off; set statement_timeout = 0;
insert into users (id) select 'user-' || i from generate_series(1, 100000) i;
insert into conversations (id, kind, created_by, last_seq, updated_at)
    select md5(i::text)::uuid, 'group', 3, {LENGTH}, now() - (i * 7919 % {conversations}) * interval '150 seconds' from generate_series(1, {conversations}) i;
insert into participants (conversation_no, user_no, role)
    select c, 3 + (c * 7 + k * 331) % 99990, 'member' from generate_series(1, {conversations}) c, generate_series(0, 1) k on conflict do nothing;
{reader}
{seller}
insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, created_at)
    select c, s, 3 + (c * 7 + s % 2 * 331) % 99990, c || '-' || s, 1, 'user_input', b.body,
        now() - (c * 7919 % {conversations}) * interval '150 seconds' - ({LENGTH} - s) * interval '1 minute'
    from generate_series(1, {conversations}) c, generate_series(1, {LENGTH}) s cross join lateral (
        select string_agg('word' || floor(power(random(), 5) * {WORDS} + 0 * c * s * i)::int, ' ') as body from generate_series(1, 5 + s % 9) i
    ) b;"
    )
}
