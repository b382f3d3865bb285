// The commit of the checkout that runs, where it is one.

/** Undefined until it was looked up; a process runs one checkout. */
let known: Promise<string | null> | undefined;

export function gitCommit(): Promise<string | null> {
  known ??= lookUp();
  return known;
}

async function lookUp(): Promise<string | null> {
  try {
    const git = Bun.spawn(["git", "rev-parse", "HEAD"], {
      cwd: import.meta.dir,
      stdin: "ignore",
      stderr: "ignore",
    });
    const [text, code] = await Promise.all([new Response(git.stdout).text(), git.exited]);
    const commit = text.trim();
    return code === 0 && /^[0-9a-f]{40}$/.test(commit) ? commit : null;
  } catch {
    // There is no git on this machine.
    return null;
  }
}
