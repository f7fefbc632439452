// An SMS centre on node-smpp, told on standard input what to answer, one JSON object a line:
//   {"to": "8613...", "answers": [88, 0], "receipt": "DELIVRD", "form": "text", ...}   for a number
//   {"silent": true}     takes everything and answers nothing
//   {"receive": {...}}   sends a deliver_sm to whoever is bound
// Says on standard output what it takes, one JSON object a line.
'use strict';
const smpp = require('smpp');
const [port, systemId, password] = process.argv.slice(2);
const PER_NUMBER = new Map();
const DEFAULT = {answers: [], receipt: 'DELIVRD', form: 'text', early: false, times: 1, delay_ms: 0};
const STATES = {ENROUTE: 1, DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8};
let silent = false;
let next = 1000 + (Date.now() % 1e9);
const sessions = new Set();
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');

function receipt(id, state, form) {
  const pdu = {esm_class: 4, source_addr: 'centre', destination_addr: 'us'};
  if (form === 'tlv') {
    // Beside the text, in the form of the answer.
    return {...pdu, receipted_message_id: id.toString(16), message_state: STATES[state],
      short_message: 'text:id:1 stat:REJECTD'};
  }
  return {...pdu, short_message:
    `id:${String(id).padStart(10, '0')} sub:001 dlvrd:001 submit date:2611291200 ` +
    `done date:2611291201 stat:${state} err:0A1 text:stat:REJECTD id:7`};
}

function send(pdu, to = sessions) {
  for (const session of to) {
    session.deliver_sm(pdu, (answer) => {
      say({answered: answer.command_status});
      // Their queue is full: it comes again, while they are bound.
      if (answer.command_status === smpp.ESME_RMSGQFUL) {
        setTimeout(() => send(pdu, sessions.has(session) ? [session] : []), 200);
      }
    });
  }
}

// What a phone wrote: {"hex": ...} are its octets as they are, with the header if there is one.
function received({hex, ...pdu}) {
  return hex === undefined ? pdu : {...pdu, short_message: Buffer.from(hex, 'hex')};
}

const server = smpp.createServer((session) => {
  session.on('error', () => {});
  session.on('close', () => { sessions.delete(session); say({closed: true}); });
  session.on('bind_transceiver', (pdu) => {
    if (silent) return;
    const ok = pdu.system_id === systemId && pdu.password === password;
    session.send(pdu.response({command_status: ok ? 0 : smpp.ESME_RINVPASWD}));
    if (ok) { sessions.add(session); say({bound: pdu.system_id, version: pdu.interface_version}); }
  });
  session.on('enquire_link', (pdu) => { if (!silent) session.send(pdu.response()); });
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); say({unbound: true}); });
  session.on('submit_sm', (pdu) => {
    const rule = {...DEFAULT, ...PER_NUMBER.get(pdu.destination_addr)};
    const status = silent ? -1 : (PER_NUMBER.get(pdu.destination_addr)?.answers?.shift() ?? 0);
    const id = next++;
    const {message, udh} = pdu.short_message;
    say({
      id, status, to: pdu.destination_addr, from: pdu.source_addr, coding: pdu.data_coding,
      registered: pdu.registered_delivery, validity: pdu.validity_period, message,
      ton: [pdu.source_addr_ton, pdu.dest_addr_ton],
      udh: udh ? Buffer.concat(udh).toString('hex') : null,
    });
    if (status === -1) return;
    // To who handed it in, while that lasts: what comes late would reach the test that binds next.
    const report = () => {
      const bound = sessions.has(session) ? [session] : [];
      for (let count = 0; count < rule.times; count++) send(receipt(id, rule.receipt, rule.form), bound);
    };
    const answer = () => {
      // The answer in hexadecimal, the receipt's text in decimal: as many centres do.
      session.send(pdu.response({command_status: status, message_id: id.toString(16).toUpperCase()}));
      if (status === 0 && rule.receipt && !rule.early) setTimeout(report, 20);
    };
    if (status === 0 && rule.receipt && rule.early) report();
    setTimeout(answer, rule.delay_ms);
  });
});
server.listen(Number(port), '127.0.0.1', () => say({listening: true}));

let rest = '';
process.stdin.on('data', (data) => {
  const lines = (rest + data).split('\n');
  rest = lines.pop();
  for (const line of lines) {
    const command = JSON.parse(line);
    if ('silent' in command) silent = command.silent;
    else if ('receive' in command) send(received(command.receive));
    else if ('report' in command) send(receipt(command.report, command.receipt, command.form));
    else PER_NUMBER.set(command.to, command);
    say({told: true});
  }
});
process.stdin.on('end', () => process.exit(0));
