/**
 * Stands in for the exabgp program: takes its command line, starts the API process of the configuration, and
 * passes everything between that process and the test, which listens on FAKE_EXABGP_CONTROL and does the talking.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

if (process.argv.includes('--version')) {
  process.stdout.write(`ExaBGP : ${process.env['FAKE_EXABGP_VERSION'] ?? '4.2.21'}\nPython : none\n`);
  process.exit(0);
}

// As the real ones do: 4.2 takes `server` for a file, 5.0 wants the word.
const isNew = Number.parseInt(process.env['FAKE_EXABGP_VERSION'] ?? '4') >= 5;
if ((process.argv[2] === 'server') !== isNew) {
  process.stderr.write('can not locate the configuration file\n');
  process.exit(1);
}

const configuration = readFileSync(process.argv.at(-1) ?? '', 'utf8');
const [file = '', ...args] = /^\trun (.*);$/m.exec(configuration)?.[1]?.split(' ') ?? [];
const control = connect(process.env['FAKE_EXABGP_CONTROL'] ?? '');
const api = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
control.write(`${process.pid}\n`);
api.stdout.pipe(control);
control.pipe(api.stdin);
process.on('SIGTERM', () => {
  // Like the real one: the process is told to end, and waited for.
  api.kill('SIGTERM');
  api.on('exit', () => process.exit(0));
});
