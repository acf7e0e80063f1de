// A folder of a test's own, with files in it.

import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Make a folder with `files` (path → content); it is gone when the test is over. */
export async function folderWith(t, files = {}) {
  const folder = await mkdtemp(join(tmpdir(), "codemem-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
    if (content.startsWith("#!")) await chmod(join(folder, path), 0o755);
  }
  return folder;
}
