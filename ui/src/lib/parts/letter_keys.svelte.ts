/** Whether a letter or a sign alone leads somewhere or decides; the person can switch that off (WCAG 2.2, 2.1.4). */
export const letterKeys = $state({ on: true });
