//! What the packets of Socket.IO must look like, and that nothing makes the parser fall.
