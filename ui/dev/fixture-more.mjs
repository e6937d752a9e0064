// Fixture answers of the other screens; return undefined for a command that is not known here.
export function answerMore(_command, _request, _fixture) {
  return undefined;
}
