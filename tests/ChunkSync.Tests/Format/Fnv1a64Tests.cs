using System.Buffers.Binary;
using System.Text;
using ChunkSync.Format;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Format;

/// <summary>FNV-1a, 64 bit.</summary>
public unsafe class Fnv1a64Tests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("", 0xCBF29CE484222325)]
    [InlineData("a", 0xAF63DC4C8601EC8C)]
    [InlineData("b", 0xAF63DF4C8601F1A5)]
    [InlineData("foo", 0xDCB27518FED9D577)]
    [InlineData("foobar", 0x85944171F73967E8)]
    [InlineData("chongo was here!\n", 0x46810940EFF5F915)]
    public void Hash_equals_the_published_vector_when_text_is_hashed(string text, ulong expected) =>
        Assert.Equal(expected, Fnv1a64.Of(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Hash_equals_the_recorded_one_when_the_worked_example_is_hashed()
    {
        byte[] body = Convert.FromHexString(WorkedExamples.PlainBody);
        Assert.Equal(0x853F17C63573D026, Fnv1a64.Of(body));
    }

    [Fact]
    public void Hash_equals_the_one_in_steps_when_data_come_in_pieces()
    {
        Random random = new(Seed.Next(output));
        using GuardedBuffer memory = new(5000);
        for (int round = 0; round < 2000; round++)
        {
            byte[] data = new byte[random.Next(300)];
            random.NextBytes(data);
            byte* at = memory.Put(data);
            Fnv1a64 hash = new(Fnv1a64.OffsetBasis);
            int done = 0;
            while (done < data.Length)
            {
                done += AddPiece(ref hash, at + done, data.Length - done, random);
            }

            Assert.Equal(Naive(data), hash.Value);
            Assert.Equal(hash.Value, Fnv1a64.Of(data));
            Assert.Equal(hash.Value, Fnv1a64.Of(at, data.Length));
        }
    }

    [Fact]
    public void Hash_starts_from_the_given_state_when_it_is_not_the_offset_basis()
    {
        Fnv1a64 hash = new(Fnv1a64.Prime);
        Assert.Equal(Fnv1a64.Prime, hash.Value);
        hash.Add((byte)'a');
        Assert.Equal(unchecked((1099511628211UL ^ 'a') * 1099511628211UL), hash.Value);
    }

    private static int AddPiece(ref Fnv1a64 hash, byte* at, int left, Random random)
    {
        int length = random.Next(left + 1);
        switch (random.Next(4))
        {
            case 0:
                hash.Add(*at);
                return 1;
            case 1:
                hash.Add(at, length);
                return length;
            case 2 when left >= 8:
                hash.Add(BinaryPrimitives.ReadInt64BigEndian(new ReadOnlySpan<byte>(at, 8)));
                return 8;
            default:
                hash.Add(new ReadOnlySpan<byte>(at, length));
                return length;
        }
    }

    private static ulong Naive(byte[] data) =>
        data.Aggregate(14695981039346656037UL, (hash, letter) => unchecked((hash ^ letter) * 1099511628211UL));
}
