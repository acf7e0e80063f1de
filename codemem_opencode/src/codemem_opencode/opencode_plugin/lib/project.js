// The project's label: the same as codemem gives what happens in a folder.

import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join, normalize, resolve } from "node:path";

/** Return the chosen label, else the name of the repository around the folder, else the folder's. */
export function projectOf(chosen, directory) {
  return label(chosen) ?? repositoryOf(directory) ?? label(directory);
}

/** Reduce a path-like label to its last part; text with a backslash or a drive is a Windows path. */
export function label(text) {
  const trimmed = (text ?? "").trim();
  if (["", ".", ".."].includes(trimmed) || trimmed.startsWith("fatal:")) return null;
  const last = lastPart(trimmed);
  return last === trimmed ? last : label(last);
}

function lastPart(path) {
  let plain = path;
  if (path.includes("\\") || /^[A-Za-z]:/.test(path)) {
    plain = path.replaceAll("\\", "/");
    plain = plain.startsWith("//")
      ? plain.split("/").slice(4).join("/")
      : plain.replace(/^[A-Za-z]:/, "");
  }
  plain = plain.replace(/\/+$/, "");
  return plain.slice(plain.lastIndexOf("/") + 1);
}

function repositoryOf(directory) {
  for (let folder = normalize(directory); ; folder = dirname(folder)) {
    const git = join(folder, ".git");
    const kind = kindOf(git);
    if (kind === "folder") return label(folder);
    if (kind === "file") return mainRepository(git) ?? label(folder);
    if (folder === dirname(folder)) return null;
  }
}

/** Name the repository that a linked worktree belongs to; null for a submodule. */
function mainRepository(file) {
  const target = /^gitdir:\s*(.+)/.exec(contentOf(file))?.[1].trim();
  if (!target || /^(\/\/|\\\\)/.test(target)) return null;
  const gitDir = resolve(dirname(file), target);
  const common = contentOf(join(gitDir, "commondir")).trim();
  if (common) return bareLabel(resolve(gitDir, common));
  const unreachable = /(.+)\/\.git\/worktrees\/[^/]+\/?$/.exec(gitDir);
  return unreachable && label(unreachable[1]);
}

/** `app/.git`, `app/.bare` and `app.git` are all `app`. */
function bareLabel(gitDir) {
  const name = basename(gitDir);
  return label(name.startsWith(".") ? dirname(gitDir) : name.replace(/\.git$/, ""));
}

function kindOf(path) {
  try {
    const status = statSync(path);
    return status.isDirectory() ? "folder" : status.isFile() ? "file" : null;
  } catch {
    return null;
  }
}

function contentOf(file) {
  return kindOf(file) === "file" ? readFileSync(file, "utf8").slice(0, 4096) : "";
}
