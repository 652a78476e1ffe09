using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChunkSync.Client.Tests.Reading;

/// <summary>The texts of cursors, site ids and bookmarks.</summary>
public partial class TextFormTests
{
    private const string Hex = "0190a5b0c0de7111a222333344445555";

    [Fact]
    public void Cursors_read_what_they_write_and_have_an_order()
    {
        ChunkCursor cursor = new(12, 0, 262_144);
        Assert.Equal("12.0.262144", cursor.ToString());
        Assert.Equal("12.0.262144", cursor.ToString(null, null));
        Assert.Equal(cursor, ChunkCursor.Parse("12.0.262144"));
        Assert.Equal(cursor, ChunkCursor.Parse("12.0.262144", null));
        Assert.True(ChunkCursor.TryParse("9223372036854775807.0.1", null, out ChunkCursor far));
        Assert.Equal(long.MaxValue, far.DbVersion);
        foreach (string wrong in (string[])["", "1", "1.2", "1.2.3.4", "1.2.", "-1.2.3", "1.2.3 ", "01.2.3", "1.+2.3", "1.2.9223372036854775808"])
        {
            Assert.False(ChunkCursor.TryParse(wrong, null, out _), wrong);
            Assert.Throws<FormatException>(() => ChunkCursor.Parse(wrong.AsSpan(), null));
        }

        Span<char> letters = stackalloc char[11];
        Span<byte> bytes = stackalloc byte[11];
        Assert.True(cursor.TryFormat(letters, out int written, default, null) && written == 11);
        Assert.False(cursor.TryFormat(bytes[1..], out _, default, null));
        Assert.True(cursor.TryFormat(bytes, out written, default, null) && written == 11);
        Assert.Equal("12.0.262144", Encoding.ASCII.GetString(bytes));

        ChunkCursor[] ordered = [ChunkCursor.Start, new(1, 0, 1), new(1, 2, 0), ChunkCursor.Behind(1), new(2, 0, 1)];
        for (int i = 1; i < ordered.Length; i++)
        {
            (ChunkCursor less, ChunkCursor more) = (ordered[i - 1], ordered[i]);
            Assert.True(less < more && more > less && less <= more && more >= less && less.CompareTo(more) < 0 && less != more);
        }

        Assert.Equal((12, 0, 262_144), (cursor.DbVersion, cursor.Seq, cursor.Offset));
    }

    [Fact]
    public void Cursors_are_strings_when_they_go_through_generated_json()
    {
        string json = JsonSerializer.Serialize(new ChunkCursor(12, 3, 0), Json.Default.ChunkCursor);
        Assert.Equal("\"12.3.0\"", json);
        Assert.Equal(new ChunkCursor(12, 3, 0), JsonSerializer.Deserialize(json, Json.Default.ChunkCursor));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("\"12.3\"", Json.Default.ChunkCursor));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("12", Json.Default.ChunkCursor));
        ChunkCursorConverter converter = new();
        Utf8JsonReader reader = new("\"1.2.3\""u8);
        Assert.True(reader.Read());
        Assert.Equal(new ChunkCursor(1, 2, 3), converter.Read(ref reader, typeof(ChunkCursor), JsonSerializerOptions.Default));
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            converter.Write(writer, new ChunkCursor(long.MaxValue, long.MaxValue, long.MaxValue), JsonSerializerOptions.Default);
        }

        Assert.Equal(61, stream.Length);
    }

    [Fact]
    public void Site_ids_read_hex_and_uuids_and_are_equal_by_their_bytes()
    {
        SiteId id = SiteId.Parse(Hex);
        Assert.Equal(Hex, id.ToString());
        Assert.Equal(Hex, id.ToString(null, null));
        Assert.Equal("0190a5b0-c0de-7111-a222-333344445555", id.ToUuid());
        Assert.Equal(id, SiteId.Parse(id.ToUuid(), null));
        Assert.Equal(id, SiteId.Parse(Hex.ToUpperInvariant().AsSpan(), null));
        Assert.Equal(id, new SiteId(id.ToByteArray()));
        Assert.Equal(id.GetHashCode(), new SiteId(id.ToByteArray()).GetHashCode());
        Assert.True(id == new SiteId(id.ToByteArray()) && id != default && id.Equals((object)SiteId.Parse(Hex)) && !id.Equals(null));
        Assert.True(default(SiteId).IsEmpty && !id.IsEmpty);
        Span<byte> bytes = stackalloc byte[SiteId.Length];
        id.CopyTo(bytes);
        Assert.Equal(1, bytes[0]);
        Span<char> letters = stackalloc char[32];
        Assert.True(id.TryFormat(letters, out int written, default, null) && written == 32);
        foreach (string wrong in (string[])["", "01", Hex + "0", Hex[1..] + "g", "0190a5b0-c0de-7111-a222_333344445555"])
        {
            Assert.False(SiteId.TryParse(wrong, null, out _), wrong);
            Assert.Throws<FormatException>(() => SiteId.Parse(wrong));
        }

        Assert.False(SiteId.TryParse(Hex.AsSpan(1), null, out _));
        Assert.Throws<ArgumentException>(() => new SiteId(new byte[15]));
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool equal = id == new SiteId(bytes) && id.Equals(new SiteId(bytes));
        Assert.True(equal);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Bookmarks_refuse_every_text_that_they_did_not_write()
    {
        ChunkSites[] sites = [ChunkSites.Own, ChunkSites.Only(SiteId.Parse(Hex)), ChunkSites.AllBut(SiteId.Parse(Hex))];
        Assert.Equal(["own", "only-" + Hex, "but-" + Hex], sites.Select(site => site.ToString()));
        Assert.True(sites[2].HasSite && sites[2].IsExcluded && sites[2].Site == SiteId.Parse(Hex) && !sites[1].IsExcluded && !sites[0].HasSite);
        foreach (ChunkSites site in sites)
        {
            ChunkBookmark bookmark = new(new ChunkCursor(12, 0, 262_144), 40, 1_048_576, 524_288, 0, site, isComplete: false);
            string text = bookmark.ToString();
            Assert.StartsWith("v1:12.0.262144:40:1048576:524288:0:" + site + ":0:", text, StringComparison.Ordinal);
            Assert.Equal(bookmark, ChunkBookmark.Parse(text));
            for (int i = 0; i < text.Length; i++)
            {
                foreach (char letter in "0a1:.")
                {
                    string changed = text[..i] + letter + text[(i + 1)..];
                    Assert.True(changed == text || !ChunkBookmark.TryParse(changed, out _), changed);
                }

                Assert.False(ChunkBookmark.TryParse(text[..i], out _));
            }
        }

        Assert.False(ChunkBookmark.TryParse(null, out _));
        Assert.Throws<FormatException>(() => ChunkBookmark.Parse("v1:1.0.0"));
    }

    [Fact]
    public void Windows_refuse_negative_numbers()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChunkWindow(since: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChunkWindow(new ChunkCursor(1, -1, 0)));
        Assert.Equal(new ChunkCursor(8, 0, 0), new ChunkWindow(since: 7).From);
        Assert.Equal(long.MaxValue, new ChunkWindow(since: long.MaxValue).From.DbVersion);
    }

    [JsonSerializable(typeof(ChunkCursor))]
    private sealed partial class Json : JsonSerializerContext;
}
