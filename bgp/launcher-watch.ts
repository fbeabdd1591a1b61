/**
 * Notices that the guard's launcher ended. ExaBGP does not look for its process before that says something again,
 * and then starts a new one, which finds our routes.
 */

/** How soon; a look costs 0.1 ms of CPU time. */
const LOOK_MS = 250;

/** Calls `onEnd` once. There is no event for it: an orphan is handed to another parent in silence. */
export function watchLauncher(onEnd: () => void): void {
  const launcher = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(timer);
    onEnd();
  }, LOOK_MS);
}
