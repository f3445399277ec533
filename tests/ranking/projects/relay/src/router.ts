/** Decides which peer gets a message. */
export class MessageRouter {
  /** Send a message to every subscriber of its topic. */
  publish(topic: string, message: string): void {}

  /** Register a listener for a topic. */
  subscribe(topic: string, listener: () => void): void {}
}

export function parseTopicPattern(pattern: string): RegExp {
  return new RegExp("^" + pattern.replace("*", ".*") + "$");
}
