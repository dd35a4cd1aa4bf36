drop table notification_settings;
drop table notification_preferences;
drop table notifications;
