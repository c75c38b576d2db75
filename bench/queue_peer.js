// BullMQ doing what bench/queue.c does: N jobs made one after the other, worked off by a process with so many at once, then
// N / 10 trickling into an empty queue, from the end of add() to the worker's function.
//
//   node queue_peer.js PORT JOBS CONCURRENCY      with bullmq in NODE_PATH; an empty Redis; prints one line of JSON
'use strict';
const { fork } = require('node:child_process');
const { Queue, Worker } = require('bullmq');

const [port, jobs, concurrency] = process.argv.slice(2).map(Number);
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
const now = () => Number(process.hrtime.bigint()) / 1e6; // the monotonic clock, which all processes have in common
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

if (process.argv[5] === 'worker') {
  const started = {};
  let count = 0;
  const worker = new Worker('bench', async (job) => { started[job.data.n] = now(); },
    { connection, concurrency, removeOnComplete: { count: 0 } });
  worker.on('completed', () => { count++; process.send({ count }); });
  process.on('message', () => process.send({ started }, () => worker.close().then(() => process.exit(0))));
} else main();

async function main() {
  const queue = new Queue('bench', { connection });
  await queue.waitUntilReady();
  const options = { removeOnComplete: true };
  let began = now();
  for (let n = 0; n < jobs; n++) await queue.add('job', { n }, options);
  const made = jobs / ((now() - began) / 1000);

  began = now();
  const child = fork(__filename, [...process.argv.slice(2, 5), 'worker']);
  let count = 0, reported;
  child.on('message', (m) => { if (m.count) count = m.count; else reported = m.started; });
  while (count < jobs) await sleep(1);
  const worked = jobs / ((now() - began) / 1000);

  const few = Math.floor(jobs / 10), committed = [];
  await sleep(500);
  for (let n = 0; n < few; n++) {
    await queue.add('job', { n: jobs + n }, options);
    committed.push(now());
    await sleep(10 + Math.random() * 20);
  }
  while (count < jobs + few) await sleep(1);
  child.send('report');
  while (!reported) await sleep(1);
  const ms = committed.map((t, n) => Math.max(0, reported[jobs + n] - t)).sort((a, b) => a - b);
  await queue.close();
  console.log(JSON.stringify({ jobs, threads: concurrency, made_per_s: Math.round(made), worked_per_s: Math.round(worked),
    other_process_p50_ms: +ms[few >> 1].toFixed(2), other_process_p99_ms: +ms[Math.floor(few * 99 / 100)].toFixed(2) }));
}
