// Node's socket.io doing for a room what Greenroom does: `make bench` measures it beside ours.
// It keeps nothing, checks nothing and limits nobody; what it sends looks like ours, byte for byte
// as long.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http);
const channelId = randomUUID();
let seq = 0;

io.on('connection', (socket) => {
  const identity = `guest:${randomUUID()}`;
  socket.emit('session', { identity, name: `Guest ${identity.slice(-4)}`, user: null });
  socket.on('join-channel', ({ handle }, answer) => {
    socket.join(handle);
    answer({ ok: true });
  });
  socket.on('send-message', ({ handle, message }, answer) => {
    seq += 1;
    const at = new Date().toISOString();
    io.to(handle).emit('new-message', {
      streamId: null,
      channelId,
      place: `0:${seq}`,
      seq,
      at,
      type: 'message',
      author: { identity, username: null, name: `Guest ${identity.slice(-4)}`, badges: [] },
      text: message,
      truncated: false,
      clientMessageId: null,
      replyTo: null,
    });
    answer({ ok: true, place: `0:${seq}`, seq, at });
  });
});

http.listen(Number(process.argv[2]), '127.0.0.1');
