//! The chat over Socket.IO, in the words of the Stoory and Lola guides, beside native clients.

mod bounds;
mod encoding;
mod entrance;
mod recovering;
mod talker;
mod together;
mod vocabulary;
