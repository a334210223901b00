// Starts async functions, which all wait for one promise, and lets them go on when
// it is told to. It reads commands from its standard input and answers each with a
// line; see README.md.
"use strict";

const readline = require("node:readline");

let group = newGroup();

/** All tasks until they are woken. */
function newGroup() {
  const group = { counted: 0, sum: 0, tasks: [] };
  group.released = new Promise((resolve) => (group.release = resolve));
  return group;
}

const now = () => process.hrtime.bigint();

async function task(group) {
  group.counted++;
  await group.released;
  group.sum++;
}

const commands = {
  async park(n) {
    const begin = now();
    const want = group.counted + n;
    // Each runs up to its first await when it is called, and so is counted.
    for (let i = 0; i < n; i++) group.tasks.push(task(group));
    if (group.counted !== want) throw new Error(`${group.counted} counted, want ${want}`);
    return `parked ${n} ${now() - begin} 0`;
  },

  async wake() {
    const begin = now();
    group.release();
    for (const task of group.tasks) await task;
    const answer = `woken ${group.sum} ${now() - begin}`;
    group = newGroup();
    return answer;
  },

  async start(n) {
    const nothing = async () => {};
    const begin = now();
    for (let i = 0; i < n; i++) await nothing();
    return `started ${(now() - begin) / BigInt(n)}`;
  },

  /** Two functions that each wait for a promise which the other resolves. */
  async roundtrip(n) {
    const players = [turn(), turn()];
    const play = async (me, other) => {
      for (let i = 0; i < n; i++) {
        await players[me].promise;
        players[me] = turn();
        players[other].resolve();
      }
    };
    const begin = now();
    players[0].resolve();
    await Promise.all([play(0, 1), play(1, 0)]);
    return `roundtrip ${(now() - begin) / BigInt(n)}`;
  },
};

function turn() {
  const turn = {};
  turn.promise = new Promise((resolve) => (turn.resolve = resolve));
  return turn;
}

async function main() {
  if (process.argv.length > 2) {
    console.error("unknown arguments");
    process.exit(2);
  }
  console.log(`ready Node ${process.versions.node}`);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [command, number] = line.split(" ");
    const answer = commands[command];
    console.log(answer ? await answer(Number(number)) : "unknown command");
  }
  process.exit(0); // though tasks may wait
}

main();
