namespace ChunkSync.Tool.Tests;

public class PrintableTests
{
    [Theory]
    [InlineData("plain ünïcödé 🙂", "plain ünïcödé 🙂")]
    [InlineData("a\nb\tc\r", "a\\nb\\tc\\r")]
    [InlineData("\u001b[31mred", "\\u001b[31mred")]
    [InlineData("right\u202eleft", "right\\u202eleft")]
    public void Text_cannot_move_the_cursor_when_it_is_shown(string text, string shown) => Assert.Equal(shown, Printable.Of(text));

    [Fact]
    public void Half_a_character_is_an_escape_when_it_is_shown() => Assert.Equal("half \\ud83d", Printable.Of("half " + (char)0xd83d));

    [Theory]
    [InlineData("262144", 262144L)]
    [InlineData("256K", 262144L)]
    [InlineData("1m", 1048576L)]
    [InlineData("2G", 2147483648L)]
    [InlineData("", null)]
    [InlineData("K", null)]
    [InlineData("-1", null)]
    [InlineData("1.5M", null)]
    [InlineData("9999999999999G", null)]
    public void Sizes_are_read_when_they_are_sizes(string text, long? bytes) =>
        Assert.Equal(bytes, ByteSize.TryParse(text, out long value) ? value : null);
}
