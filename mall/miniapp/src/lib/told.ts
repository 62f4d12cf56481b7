/** A fault with a sentence that is meant for the person in front of the screen. */
export class Told extends Error {}
