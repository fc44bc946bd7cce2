import { isAbsolute } from 'node:path';
import { expect, it } from 'vitest';
import { appFolders } from './app-folders.ts';

it('names four different folders of our own, by their absolute paths', () => {
  const folders = Object.values(appFolders());
  expect(new Set(folders).size).toBe(4);
  for (const folder of folders) {
    expect(isAbsolute(folder)).toBe(true);
    expect(folder.toLowerCase()).toContain('sallyport');
    expect(folder).not.toContain('nodejs');
  }
});
