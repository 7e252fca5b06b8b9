import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consoleScenes as scenes } from '../../lib/host/samples';
import { press, shown, words, isShown } from '../../test_console';

beforeEach(() => void vi.useFakeTimers({ now: Date.now() }));
afterEach(() => void vi.useRealTimers());

const read = { items: scenes.news.news.items.map((item) => ({ ...item, unread: false })), unread: 0 };

describe('the news', () => {
  it('are offered to whoever is told of them, with how many are unread', async () => {
    const { show } = await shown(scenes.news);
    expect(words('nav-news')).toContain('3');
    await show(scenes['news-none']);
    expect(words('nav-news')).not.toMatch(/\d/);
    await show(scenes.find);
    expect(isShown('nav-news')).toBe(false);
  });

  it('count as read once they are shown, and stay marked for as long as one stays', async () => {
    const { asked, show } = await shown(scenes.news);
    expect(asked('read_news')).toEqual([]);
    await press('nav-news');
    expect(asked('read_news')).toHaveLength(1);
    await show({ ...scenes.news, news: read });
    expect(words('news')).toContain('3 pieces of news since you looked last');
    expect(words('news-n1')).toContain('new');
    expect(words('news-n4')).not.toContain('new');
    await press('nav-find');
    await press('nav-news');
    expect(words('news')).toContain('Nothing new since you looked last');
  });

  it('say what was changed, about whom, why and by whom', async () => {
    await shown(scenes.news);
    await press('nav-news');
    expect(words('news-n2')).toMatch(/Role changed.*Ola Kim, Agent until now, Lead from now on.*at the server itself/s);
    expect(words('news-n5')).toMatch(/Barkside, “It shows customers other people’s invoices”.*by Sana Ito/s);
    expect(words('news-n6')).toContain('not justified, “A lead was free the whole afternoon”');
    expect(words('news-n10')).toContain('Key of another kind');
    expect(words('news-n11')).toMatch(/Portal’s rules changed.*Barkside, now 19ce04b7a1f2, takes off the never-list: receipt-address/s);
    expect(words('news-n12')).toMatch(/Portal tested.*Barkside, https:\/\/portal\.barkside\.example\/.*at the server itself/s);
  });
});
