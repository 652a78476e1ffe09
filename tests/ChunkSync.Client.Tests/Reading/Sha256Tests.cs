using System.Security.Cryptography;

namespace ChunkSync.Client.Tests.Reading;

public class Sha256Tests
{
    [Fact]
    public void Hash_is_that_of_the_system_at_every_length()
    {
        byte[] bytes = new byte[300];
        new Random(7).NextBytes(bytes);
        byte[] hash = new byte[Sha256.Length];
        for (int length = 0; length <= bytes.Length; length++)
        {
            ReadOnlySpan<byte> part = bytes.AsSpan(0, length);
            int cut = length * 3 / 7;
            Sha256.HashManaged(part[..cut], part[cut..], hash);
            Assert.Equal(SHA256.HashData(part), hash);
            Sha256.Hash(part[..cut], part[cut..], hash);
            Assert.Equal(SHA256.HashData(part), hash);
            Assert.Equal(hash, Sha256.Hash(part));
        }
    }
}
