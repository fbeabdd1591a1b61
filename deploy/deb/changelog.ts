/** CHANGELOG.md → what `apt changelog` and /usr/share/doc show. Pure. */
import { MAINTAINER } from './control.ts';
import { wrapped } from './wrapped.ts';

/**
 * One entry a section of CHANGELOG.md, newest first. The section [Unreleased] is the version being built; a release
 * has the date of its heading.
 */
export function debianChangelog(markdown: string, version: string, epoch: number): string {
  const [, ...sections] = markdown.split(/^## /mu);
  const entries = sections.map((section, index) => {
    const [, name = '', date] = /^\[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?/u.exec(section) ?? [];
    const at = date === undefined ? epoch * 1000 : Date.parse(`${date}T00:00:00Z`);
    const isNewest = index === 0;
    return [
      `swancast (${isNewest ? version : name}) stable; urgency=medium`,
      '',
      ...paragraphs(section).flatMap(changed),
      '',
      ` -- ${MAINTAINER}  ${rfc5322(new Date(at))}`,
    ].join('\n');
  });
  return `${entries.join('\n\n')}\n`;
}

/** Headings and items, each in one line again. */
const paragraphs = (section: string): string[] =>
  section
    .split('\n')
    .slice(1)
    .join('\n')
    .split(/\n(?=- |### )|\n\n/u)
    .map((text) => text.replace(/\s+/gu, ' ').trim())
    .filter((text) => text !== '');

const changed = (text: string): string[] => {
  const heading = /^### (.+)/u.exec(text)?.[1];
  if (heading !== undefined) return [`  [ ${heading} ]`];
  return [wrapped(text.replace(/^(- )?/u, '  * '), '    ')];
};

/** "Sun, 23 Nov 2025 05:00:00 +0000" */
const rfc5322 = (date: Date): string => date.toUTCString().replace('GMT', '+0000');
