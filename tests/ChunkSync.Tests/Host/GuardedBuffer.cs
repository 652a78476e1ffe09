using System.Runtime.InteropServices;

namespace ChunkSync.Tests.Host;

/// <summary>Memory between two pages that may not be touched: one byte too far, at either end, ends the process instead of going
/// unnoticed. What lies inside but outside the part in use is filled with a pattern and can be checked.</summary>
internal sealed unsafe partial class GuardedBuffer : IDisposable
{
    private const byte Filler = 0xA5;
    private const int ReadWrite = 3;
    private const int Private = 2;
    private const int AnonymousOnLinux = 0x20;
    private const int AnonymousOnMac = 0x1000;
    private const uint ReserveAndCommit = 0x3000;
    private const uint WindowsReadWrite = 4;
    private const uint WindowsNoAccess = 1;
    private const uint WindowsRelease = 0x8000;

    private readonly nint mapping;
    private readonly nint mappingLength;

    /// <summary>Room for at least that many bytes, and at least a page.</summary>
    public GuardedBuffer(long capacity)
    {
        nint page = Environment.SystemPageSize;
        nint inner = (nint)Math.Max((capacity + page - 1) / page, 1) * page;
        mappingLength = inner + (2 * page);
        mapping = Allocate(mappingLength);
        Assert.True(mapping is not 0 and not -1, "no memory");
        Start = (byte*)(mapping + page);
        End = Start + inner;
        Forbid(mapping, page);
        Forbid((nint)End, page);
    }

    /// <summary>The first byte, behind a forbidden page.</summary>
    public byte* Start { get; }

    /// <summary>The address behind the last byte, where a forbidden page begins.</summary>
    public byte* End { get; }

    /// <summary>Bytes between the forbidden pages.</summary>
    public int Capacity => (int)(End - Start);

    /// <summary>Fills everything with the pattern and gives the last bytes.</summary>
    public byte* TakeAtEnd(long length)
    {
        Fill();
        return End - length;
    }

    /// <summary>Fills everything with the pattern and gives the first bytes.</summary>
    public byte* TakeAtStart()
    {
        Fill();
        return Start;
    }

    /// <summary>Puts data at the very end; the byte before them, if any, is pattern.</summary>
    public byte* Put(ReadOnlySpan<byte> data)
    {
        byte* at = End - data.Length;
        data.CopyTo(new Span<byte>(at, data.Length));
        if (at > Start)
        {
            at[-1] = Filler;
        }

        return at;
    }

    /// <summary>Fails when a byte outside the part has changed since it was taken.</summary>
    public void AssertUntouchedBeside(byte* part, long length)
    {
        Assert.Equal(-1, new ReadOnlySpan<byte>(Start, (int)(part - Start)).IndexOfAnyExcept(Filler));
        Assert.Equal(-1, new ReadOnlySpan<byte>(part + length, (int)(End - part - length)).IndexOfAnyExcept(Filler));
    }

    public void Dispose()
    {
        if (OperatingSystem.IsWindows())
        {
            _ = VirtualFree(mapping, 0, WindowsRelease);
        }
        else
        {
            _ = Unmap(mapping, mappingLength);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nint length);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nint length, int protection);

    [LibraryImport("kernel32")]
    private static partial nint VirtualAlloc(nint address, nint length, uint type, uint protection);

    [LibraryImport("kernel32")]
    private static partial int VirtualProtect(nint address, nint length, uint protection, out uint before);

    [LibraryImport("kernel32")]
    private static partial int VirtualFree(nint address, nint length, uint type);

    private static nint Allocate(nint length)
    {
        if (OperatingSystem.IsWindows())
        {
            return VirtualAlloc(0, length, ReserveAndCommit, WindowsReadWrite);
        }

        int anonymous = OperatingSystem.IsMacOS() ? AnonymousOnMac : AnonymousOnLinux;
        return Map(0, length, ReadWrite, Private | anonymous, -1, 0);
    }

    private static void Forbid(nint address, nint length)
    {
        bool done = OperatingSystem.IsWindows()
            ? VirtualProtect(address, length, WindowsNoAccess, out _) != 0
            : Protect(address, length, 0) == 0;
        Assert.True(done, "a page could not be protected");
    }

    private void Fill() => new Span<byte>(Start, Capacity).Fill(Filler);
}
