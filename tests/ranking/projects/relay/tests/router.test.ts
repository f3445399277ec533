import { MessageRouter } from "../src/router";

/** Publishing a message sends the message to every subscriber of the topic. */
function publishReachesSubscribers() {
  new MessageRouter().publish("topic", "message");
}
