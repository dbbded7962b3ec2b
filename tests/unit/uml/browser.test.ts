import { describe, expect, it } from 'vitest';
import { findBrowser, type Surroundings } from '../../src/uml/browser.ts';

function search(platform: NodeJS.Platform, env: Surroundings['env'], ...files: string[]) {
  return findBrowser({ platform, env, exists: (file) => files.includes(file) });
}

describe('the browser that draws', () => {
  it('is the one that PUPPETEER_EXECUTABLE_PATH names', () => {
    const env = { PUPPETEER_EXECUTABLE_PATH: '/opt/b', PATH: '/usr/bin' };
    expect(search('linux', env, '/opt/b', '/usr/bin/chromium')).toEqual({ file: '/opt/b' });
  });

  it('is no other one if that does not exist', () => {
    const env = { PUPPETEER_EXECUTABLE_PATH: '/opt/b', PATH: '/usr/bin' };
    expect(search('linux', env, '/usr/bin/chromium')).toEqual({
      missing: 'PUPPETEER_EXECUTABLE_PATH names /opt/b, and there is no such file.',
    });
  });

  it('is found on the path of Linux', () => {
    const env = { PATH: '/bin:/usr/bin' };
    expect(search('linux', env, '/usr/bin/google-chrome')).toEqual({
      file: '/usr/bin/google-chrome',
    });
  });

  it('is found among the applications of macOS', () => {
    const chrome = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
    expect(search('darwin', { HOME: '/Users/a' }, chrome)).toEqual({ file: chrome });
  });

  it('is found among the programs of Windows', () => {
    const edge = 'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe';
    const env = { 'ProgramFiles(x86)': 'C:\\Program Files (x86)' };
    expect(search('win32', env, edge)).toEqual({ file: edge });
  });

  it.each(['linux', 'darwin', 'win32'] as const)('is asked for in one line on %s', (platform) => {
    const found = search(platform, { PATH: '/usr/bin' });
    expect(found).toEqual({
      missing: expect.stringMatching(/^No browser found .*install [^\n]*$/) as string,
    });
  });
});
