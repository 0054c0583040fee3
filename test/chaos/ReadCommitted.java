import java.io.BufferedWriter;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/**
 * What Kafka's own client shows a read_committed reader: a line `topic/partition@offset` a record, up to the present ends.
 * Arguments: the brokers, then topics.
 */
public final class ReadCommitted {
  public static void main(String[] args) throws Exception {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[0]);
    settings.put("isolation.level", "read_committed");
    settings.put("enable.auto.commit", "false");
    settings.put("max.poll.records", "5000");
    String bytes = "org.apache.kafka.common.serialization.ByteArrayDeserializer";
    settings.put("key.deserializer", bytes);
    settings.put("value.deserializer", bytes);
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings);
        BufferedWriter out =
            new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8))) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 1; i < args.length; i += 1) {
        for (PartitionInfo info : consumer.partitionsFor(args[i])) {
          partitions.add(new TopicPartition(info.topic(), info.partition()));
        }
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(at -> consumer.position(at) < ends.get(at))) {
        for (ConsumerRecord<byte[], byte[]> row : consumer.poll(Duration.ofMillis(200))) {
          out.write(row.topic() + "/" + row.partition() + "@" + row.offset() + "\n");
        }
      }
    }
  }
}
