import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/**
 * Reads framed records with Apache Avro and writes them again.
 *
 * In:  the registry's address as the only argument; on stdin a line of base64 a record
 * Out: a line a record: what Avro wrote, framed, as base64; a blank; the record as Avro's JSON
 */
public final class Rows {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<Integer, Schema> SCHEMAS = new HashMap<>();

  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "US-ASCII"));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      ByteBuffer framed = ByteBuffer.wrap(Base64.getDecoder().decode(line));
      if (framed.get() != 0) throw new IllegalStateException("no Confluent framing");
      int id = framed.getInt();
      Schema schema = schemaOf(args[0], id);
      Object record = read(schema, framed);
      System.out.write(Base64.getEncoder().encode(write(schema, id, record)));
      System.out.write(' ');
      System.out.write(record.toString().getBytes("UTF-8"));
      System.out.write('\n');
    }
    System.out.flush();
  }

  private static Object read(Schema schema, ByteBuffer framed) throws Exception {
    byte[] body = new byte[framed.remaining()];
    framed.get(body);
    BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(body, null);
    // Maps keep the order in which they were written, so that the bytes can be compared.
    Object record = new GenericDatumReader<Object>(schema) {
      @Override
      protected Object newMap(Object old, int size) {
        return new LinkedHashMap<Object, Object>();
      }
    }.read(null, decoder);
    if (!decoder.isEnd()) throw new IllegalStateException("bytes behind the record");
    return record;
  }

  private static byte[] write(Schema schema, int id, Object record) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(ByteBuffer.allocate(5).put((byte) 0).putInt(id).array());
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<Object>(schema).write(record, encoder);
    encoder.flush();
    return bytes.toByteArray();
  }

  private static Schema schemaOf(String registry, int id) throws Exception {
    Schema known = SCHEMAS.get(id);
    if (known != null) return known;
    HttpRequest request = HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).build();
    String body = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
    Schema schema = new Schema.Parser().parse(JSON.readTree(body).get("schema").asText());
    SCHEMAS.put(id, schema);
    return schema;
  }
}
