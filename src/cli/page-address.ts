import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DaemonPlaces } from '../base/daemon-places.ts';
import { replaceFile } from '../base/replace-file.ts';

/** The address is a secret while it works, and everybody on the machine sees what programs are started with: the browser reads it from a file. */
export async function fileThatLeadsTo(
  url: string,
  { runtime }: Pick<DaemonPlaces, 'runtime'>,
): Promise<string> {
  // The daemon that answered has made the folder, for its user alone.
  const path = join(runtime, 'open.html');
  await replaceFile(
    path,
    `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url=${url}"><title>Sallyport</title>
<a href="${url}">Sallyport</a></html>
`,
  );
  return pathToFileURL(path).href;
}
