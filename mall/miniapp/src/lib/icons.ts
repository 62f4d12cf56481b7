/** Line icons on a grid of 24, as picture addresses: no icon font, and nothing to fetch. */

const PATHS = {
  shop: 'M4 10v10h16V10M3 10l2-6h14l2 6a3 3 0 0 1-6 0 3 3 0 0 1-6 0 3 3 0 0 1-6 0M10 20v-5h4v5',
  search: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14M16.2 16.2 21 21',
  right: 'm9 5 7 7-7 7',
  down: 'm5 9 7 7 7-7',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  cross: 'm6 6 12 12M18 6 6 18',
  heart: 'M12 20s-8-4.800-8-10.500a4.500 4.500 0 0 1 8-2.800 4.500 4.500 0 0 1 8 2.800C20 15.200 12 20 12 20',
  pin: 'M12 21s7-6.3 7-11.5a7 7 0 0 0-14 0C5 14.7 12 21 12 21M12 7.500a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4',
  clock: 'M12 3.500a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17M12 7.500V12l3 2',
  bag: 'M5 8h14l1 12H4L5 8M8.5 8a3.5 3.5 0 0 1 7 0',
  cart: 'M2.5 4H5l2.6 11.500h10.800l2.1-8H6M9 18.700a1 1 0 1 1 0 2 1 1 0 0 1 0-2M17 18.700a1 1 0 1 1 0 2 1 1 0 0 1 0-2',
  list: 'M6 3h12v18l-3-2-3 2-3-2-3 2V3M9.5 8h5M9.5 12h5',
  coin: 'M12 3.500a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17M12 8l1.3 2.6 2.9.4-2.1 2 .5 2.900L12 14.500l-2.6 1.4.5-2.9-2.1-2 2.9-.4z',
  phone: 'M8 2.500h8a1 1 0 0 1 1 1v17a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1v-17a1 1 0 0 1 1-1M10.5 18.500h3',
  globe: 'M12 3.500a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17M3.5 12h17M12 3.500c5 5 5 12 0 17M12 3.500c-5 5-5 12 0 17',
  out: 'M10 4H5v16h5M9 12h11M16 8l4 4-4 4',
  me: 'M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8M4 20.500c1-4 4-6 8-6s7 2 8 6',
  warn: 'M12 3.500a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17M12 7.500v5.500M12 16v.5',
  bin: 'M4.5 7h15M9.5 7V4.500h5V7M6.5 7l1 13h9l1-13',
  crown: 'M4 18.500h16M4.500 15.500 3 7.500l5 3.500 4-6.500 4 6.500 5-3.500-1.500 8z',
  qr: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.500v2.500H14zM20 14v2M14 20h2M19 19.500h1',
  ticket: 'M3.500 7h17v3.500a1.8 1.8 0 0 0 0 3.500V17h-17v-3a1.8 1.8 0 0 0 0-3.500zM14.500 7.500v2M14.500 11v2M14.500 14.500v2',
  wallet: 'M4 7.500h15a1.500 1.500 0 0 1 1.500 1.500v9.500a1.500 1.500 0 0 1-1.500 1.500H5.500A1.500 1.500 0 0 1 4 18.500zM4 7.500 15.500 4v3.500M15.500 12.500h5v3h-5a1.5 1.5 0 0 1 0-3',
  rise: 'M4 16.500 9.500 11l3.500 3.500L20 7.500M15 7.500h5v5',
  lock: 'M6 10.500h12v9.500H6zM8.500 10.500V8a3.500 3.500 0 0 1 7 0v2.500M12 14v2.500',
  again: 'M19.500 12a7.500 7.500 0 1 1-2.200-5.300L19.500 9M19.500 4.500V9H15',
  bulb: 'M12 3.500a6 6 0 0 1 3.500 10.900V17h-7v-2.600A6 6 0 0 1 12 3.500M9.500 20.500h5',
  bell: 'M6 16.500V11a6 6 0 0 1 12 0v5.500l1.500 2H4.500zM10 20.500h4M12 5V3.500',
  back: 'm15 5-7 7 7 7',
  camera: 'M4 8h3.5L9 5.500h6L16.500 8H20v11H4zM12 10a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7',
} as const

export type IconName = keyof typeof PATHS

/** The picture of an icon in a colour, as a data URI. */
export function iconAddress(name: IconName, colour: string, width = 1.8): string {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="${colour}"` +
    ` stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"><path d="${PATHS[name]}"/></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}
