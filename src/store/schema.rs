//! The tables in Diesel's form.
#![allow(
    missing_docs,
    reason = "the tables are described where they are made, in migrations/"
)]

mod annotations;
mod desk;
mod notices;
mod people;
mod rooms;
mod rules;

pub use self::rules::{
    activities, audit_log, concerns, connections, events, rule_rooms, rule_runs, user_traits,
};
pub use annotations::{pins, reactions};
pub use desk::{business_staff, businesses, subjects};
pub use notices::{notification_preferences, notification_settings, notifications};
pub use people::{blocks, new_contacts};
pub use rooms::{conversation_changes, conversations};

diesel::table! {
    users (no) {
        no -> Int8,
        id -> Text,
        name -> Nullable<Text>,
        email -> Nullable<Text>,
        avatar_url -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        accept -> Text,
        last_seen_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    participants (conversation_no, user_no) {
        conversation_no -> Int8,
        user_no -> Int8,
        role -> Text,
        membership -> Text,
        muted -> Bool,
        blocked -> Bool,
        delivered_seq -> Int8,
        read_seq -> Int8,
        joined_at -> Timestamptz,
        sees_from -> Int8,
        notify -> Text,
        notify_until -> Nullable<Timestamptz>,
        starred -> Bool,
        hidden_seq -> Nullable<Int8>,
        unread_from -> Nullable<Int8>,
    }
}

diesel::table! {
    messages (conversation_no, seq) {
        conversation_no -> Int8,
        seq -> Int8,
        sender_no -> Int8,
        client_id -> Text,
        fingerprint -> Int8,
        kind -> Text,
        body -> Text,
        reply_to -> Nullable<Int8>,
        attachments -> Nullable<Jsonb>,
        context -> Nullable<Jsonb>,
        audience_role -> Nullable<Text>,
        audience_user_no -> Nullable<Int8>,
        created_at -> Timestamptz,
        edited_at -> Nullable<Timestamptz>,
        deleted_at -> Nullable<Timestamptz>,
        card -> Nullable<Jsonb>,
        mentions -> Nullable<Array<Text>>,
        forwarded -> Nullable<Jsonb>,
    }
}

diesel::table! {
    message_changes (conversation_no, seq) {
        conversation_no -> Int8,
        seq -> Int8,
        target_seq -> Int8,
        actor_no -> Int8,
        action -> Text,
        earlier_body -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    participant_changes (conversation_no, seq) {
        conversation_no -> Int8,
        seq -> Int8,
        user_no -> Int8,
        actor_no -> Int8,
        action -> Text,
        role -> Text,
        muted -> Bool,
        blocked -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    recoveries (pid) {
        pid -> Uuid,
        user_no -> Int8,
        form -> Text,
        holder -> Uuid,
        list -> Int8,
        touched_at -> Timestamptz,
        in_user_room -> Bool,
    }
}

diesel::table! {
    recovery_places (pid, came) {
        pid -> Uuid,
        came -> Int8,
        went -> Nullable<Int8>,
        conversation_no -> Int8,
        seq -> Int8,
    }
}

diesel::table! {
    idempotency_keys (user_no, key) {
        user_no -> Int8,
        key -> Text,
        fingerprint -> Text,
        status -> Nullable<Int2>,
        answer -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    flow_definitions (name, version) {
        name -> Text,
        version -> Int8,
        source -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    conversation_flows (conversation_no) {
        conversation_no -> Int8,
        name -> Text,
        version -> Int8,
        state -> Text,
        phase -> Text,
        instance -> Jsonb,
        standing -> Jsonb,
        prompts_from -> Int8,
        prompts_to -> Int8,
        started_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    flow_steps (conversation_no, seq) {
        conversation_no -> Int8,
        seq -> Int8,
        state_version -> Int8,
        from_state -> Nullable<Text>,
        to_state -> Text,
        action -> Text,
        actor -> Text,
        actor_no -> Nullable<Int8>,
        input -> Jsonb,
        reason -> Nullable<Text>,
        flow_version -> Int8,
        request_id -> Nullable<Text>,
        answer -> Nullable<Jsonb>,
        answered_from -> Nullable<Int8>,
        answered_to -> Nullable<Int8>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    flow_timers (conversation_no, name) {
        conversation_no -> Int8,
        name -> Text,
        due_at -> Timestamptz,
        claimed_until -> Nullable<Timestamptz>,
        attempts -> Int4,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    jobs (no) {
        no -> Int8,
        kind -> Text,
        lane -> Text,
        conversation_no -> Nullable<Int8>,
        payload -> Jsonb,
        due_at -> Timestamptz,
        claimed_until -> Nullable<Timestamptz>,
        attempts -> Int4,
        failures -> Int4,
        last_error -> Nullable<Text>,
        given_up_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    payment_orders (no) {
        no -> Int8,
        id -> Uuid,
        conversation_no -> Int8,
        requested_version -> Int8,
        gateway -> Text,
        gateway_order_id -> Nullable<Text>,
        amount -> Int8,
        currency -> Text,
        description -> Text,
        payer_role -> Nullable<Text>,
        status -> Text,
        paid_by -> Nullable<Text>,
        applied_at -> Nullable<Timestamptz>,
        checked_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    payments (gateway, id) {
        gateway -> Text,
        id -> Text,
        order_no -> Int8,
        amount -> Int8,
        currency -> Text,
        status -> Text,
        verdict -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    payment_events (gateway, event_id) {
        gateway -> Text,
        event_id -> Text,
        body -> Text,
        raw -> Nullable<Bytea>,
        received_at -> Timestamptz,
        handled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    gateway_refunds (gateway, id) {
        gateway -> Text,
        id -> Text,
        payment_id -> Text,
        amount -> Int8,
        status -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    refunds (no) {
        no -> Int8,
        id -> Uuid,
        gateway -> Text,
        payment_id -> Text,
        amount -> Int8,
        currency -> Text,
        reason -> Text,
        status -> Text,
        gateway_refund_id -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_events (no) {
        no -> Int8,
        id -> Text,
        event -> Text,
        conversation_no -> Nullable<Int8>,
        body -> Text,
        created_at -> Timestamptz,
        delivered_at -> Nullable<Timestamptz>,
        given_up_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_event_attempts (event_no, attempt) {
        event_no -> Int8,
        attempt -> Int4,
        at -> Timestamptz,
        status -> Nullable<Int4>,
        problem -> Nullable<Text>,
        took_ms -> Int4,
    }
}

diesel::table! {
    installation (only_row) {
        only_row -> Bool,
        id -> Uuid,
        demo_secret -> Nullable<Text>,
        link_key -> Nullable<Bytea>,
        created_at -> Timestamptz,
        wire_key -> Bytea,
    }
}

diesel::table! {
    revocations (user_no) {
        user_no -> Int8,
        not_before -> Timestamptz,
        changed_at -> Timestamptz,
    }
}

diesel::joinable!(revocations -> users (user_no));
diesel::joinable!(payment_orders -> conversations (conversation_no));
diesel::joinable!(payments -> payment_orders (order_no));
diesel::joinable!(messages -> users (sender_no));
diesel::joinable!(participants -> users (user_no));
diesel::joinable!(participants -> conversations (conversation_no));
diesel::joinable!(conversations -> users (created_by));
diesel::joinable!(recovery_places -> recoveries (pid));
diesel::allow_tables_to_appear_in_same_query!(
    users,
    blocks,
    new_contacts,
    businesses,
    business_staff,
    subjects,
    conversations,
    participants,
    messages,
    message_changes,
    participant_changes,
    conversation_changes,
    reactions,
    pins,
    idempotency_keys,
    flow_definitions,
    conversation_flows,
    flow_steps,
    flow_timers,
    jobs,
    payment_orders,
    payments,
    payment_events,
    gateway_refunds,
    refunds,
    webhook_events,
    webhook_event_attempts,
    recoveries,
    recovery_places,
    revocations,
);

diesel::table! {
    // Its other columns are written and read in SQL: Diesel has no type for `words`.
    search_docs (conversation_no, seq) {
        conversation_no -> Int8,
        seq -> Int8,
    }
}
