/** 480 -> "480m"; 1240 -> "1.2km"; far away without decimals. */
export function distance(metres: number): string {
  if (metres < 1000) return `${metres}m`
  return metres < 20_000 ? `${(metres / 1000).toFixed(1)}km` : `${Math.round(metres / 1000)}km`
}
