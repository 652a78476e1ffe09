using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Receive;

public class ReceiveArgumentTests
{
    private static readonly string[] Names =
    [
        "payload", "site_id", "from_db_version", "from_seq", "from_frag_offset", "next_db_version", "next_seq", "next_frag_offset", "is_final",
    ];

    public static TheoryData<string, object?, string> Refused()
    {
        TheoryData<string, object?, string> cases = new()
        {
            { "payload", "abc", "payload is 'abc', it must be a BLOB" },
            { "payload", 5, "payload is 5, it must be a BLOB" },
            { "payload", null, "payload is NULL and is_final is 0" },
            { "site_id", null, "site_id is NULL, it must be a BLOB that is not empty" },
            { "site_id", "site", "site_id is 'site', it must be" },
            { "site_id", Array.Empty<byte>(), "site_id is x'', it must be" },
            { "is_final", 2, "is_final is 2, it must be 0 or 1" },
            { "from_db_version", 1L << 62, "from_db_version is 4611686018427387904, it must be below" },
            { "next_db_version", long.MaxValue, "next_db_version is 9223372036854775807, it must be below" },
            { "from_db_version", 3, "next_db_version, next_seq, next_frag_offset are (2, 0, 0), which is not behind from_db_version,"
                + " from_seq, from_frag_offset (3, 0, 0)" },
            { "next_db_version", 1, "(1, 0, 0), which is not behind from_db_version, from_seq, from_frag_offset (1, 0, 0)" },
            { "from_seq", 1, "has a change at (db_version 1, seq 0), which is not between (1, 1, 0) and (2, 0, 0)" },
            { "from_frag_offset", 7, "" },
            { "next_frag_offset", 7, "next_frag_offset is 7, but the payload ends before (db_version 2, seq 0)" },
        };
        foreach (string name in Names.Skip(2))
        {
            cases.Add(name, null, name + " is NULL, it must be an integer that is not negative");
            cases.Add(name, -1, name + " is -1, it must be an integer that is not negative");
            cases.Add(name, "1", name + " is '1', it must be");
            cases.Add(name, 1.0, name + " is 1.0, it must be");
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Argument_is_refused_with_its_name_and_value_when_it_fits_nothing(string name, object? value, string message)
    {
        using Database sender = ReceivePair.NewSender(2);
        using Database receiver = ReceivePair.NewReceiver();
        byte[] payload = (byte[])sender.Scalar("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND until_db_version = 1")!;
        object?[] arguments = [payload, new byte[] { 1 }, 1, 0, 0, 2, 0, 0, 0];
        arguments[Array.IndexOf(Names, name)] = value;
        if (message.Length == 0)
        {
            Receive(receiver, arguments);
            return;
        }

        SqlException failure = Assert.Throws<SqlException>(() => Receive(receiver, arguments));
        Assert.StartsWith("cloudsync_payload_receive: ", failure.Text);
        Assert.Contains(message, failure.Text);
        Assert.Equal(1, failure.Code);
        Assert.Empty(ReceivePair.Rows(receiver));
        Assert.Empty(ReceivePair.Gaps(receiver));
    }

    [Theory]
    [InlineData("next_seq", 1)]
    [InlineData("next_frag_offset", 1)]
    public void Final_chunk_is_refused_when_its_cursor_is_inside_a_version(string name, int value)
    {
        using Database receiver = ReceivePair.NewReceiver();
        object?[] arguments = [null, new byte[] { 1 }, 1, 0, 0, 2, 0, 0, 1];
        arguments[Array.IndexOf(Names, name)] = value;
        Assert.Contains($"{name} is {value}, a final chunk has 0 there", Assert.Throws<SqlException>(() => Receive(receiver, arguments)).Text);
    }

    [Fact]
    public void Payload_is_refused_when_it_is_not_of_the_range()
    {
        using Database sender = ReceivePair.NewSender(3);
        using Database receiver = ReceivePair.NewReceiver();
        SentChunk chunk = SentChunk.Window(sender, ReceivePair.Stream, 1)[0];
        SqlException failure = Assert.Throws<SqlException>(() => (chunk with { From = (3, 0, 0) }).Receive(receiver, [1]));
        Assert.Contains("the payload has a change at (db_version 2, seq 0)", failure.Text);
        failure = Assert.Throws<SqlException>(() => (chunk with { From = (1, 0, 0), Next = (2, 0, 0), IsFinal = false }).Receive(receiver, [1]));
        Assert.Contains("the payload has a change at (db_version 2, seq 0)", failure.Text);
        Assert.Contains("invalid checksum", Assert.Throws<SqlException>(
            () => (chunk with { Payload = [.. chunk.Payload!, 1] }).Receive(receiver, [1])).Text);
        Assert.Empty(ReceivePair.Gaps(receiver));
    }

    [Fact]
    public void Calls_are_refused_when_nothing_was_initialised()
    {
        using Database receiver = Database.Open();
        SqlException failure = Assert.Throws<SqlException>(() => Receive(receiver, [null, new byte[] { 1 }, 1, 0, 0, 2, 0, 0, 1]));
        Assert.Contains("cloudsync is not initialized", failure.Text);
        Assert.Empty(ReceivePair.Gaps(receiver));
    }

    [Fact]
    public void Gaps_are_those_of_the_given_sender_when_the_input_is_bound()
    {
        using Database receiver = ReceivePair.NewReceiver();
        Receive(receiver, [null, new byte[] { 1 }, 1, 0, 0, 2, 0, 0, 1]);
        Receive(receiver, [null, new byte[] { 2 }, 5, 0, 0, 9, 0, 0, 1]);
        const string Gaps = "SELECT count(*) FROM cloudsync_receive_gaps";
        Assert.Equal(3L, receiver.Scalar(Gaps));
        Assert.Equal(3L, receiver.Scalar(Gaps + "(NULL)"));
        Assert.Equal(2L, receiver.Scalar(Gaps + "(x'02')"));
        Assert.Equal(2L, receiver.Scalar(Gaps + " WHERE site_id = x'02'"));
        Assert.Equal(0L, receiver.Scalar(Gaps + "(x'03')"));
        Assert.Equal(3L, receiver.Scalar("SELECT count(*) FROM (SELECT x'02' AS s UNION ALL SELECT x'01') o JOIN cloudsync_receive_gaps(o.s)"));
        Assert.Equal(
            "cloudsync_receive_gaps: site_id is 'x', it must be a BLOB that is not empty",
            Assert.Throws<SqlException>(() => receiver.Scalar(Gaps + "('x')")).Text);
        Assert.Equal(2L, receiver.Scalar(Gaps + " AS g CROSS JOIN (SELECT x'02' AS s) o WHERE g.only_site_id = o.s"));
    }

    [Theory]
    [InlineData("(NULL)", "cloudsync_receive_forget: site_id is NULL")]
    [InlineData("(x'')", "cloudsync_receive_forget: site_id is x''")]
    [InlineData("(x'01', 'a', 0)", "cloudsync_receive_forget: db_version is 'a'")]
    [InlineData("(x'01', 1, -2)", "cloudsync_receive_forget: seq is -2")]
    public void Forgetting_is_refused_when_an_argument_fits_nothing(string arguments, string message)
    {
        using Database receiver = ReceivePair.NewReceiver();
        Assert.StartsWith(message, Assert.Throws<SqlException>(() => receiver.Scalar("SELECT cloudsync_receive_forget" + arguments)).Text);
    }

    private static object? Receive(Database receiver, object?[] arguments) =>
        receiver.Scalar("SELECT cloudsync_payload_receive(?, ?, ?, ?, ?, ?, ?, ?, ?)", arguments);
}
