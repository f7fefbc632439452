class KafkaError(Exception):
    errno: int
    retriable: bool

class TopicAlreadyExistsError(KafkaError): ...

def for_code(error_code: int) -> type[KafkaError]: ...
