using System.Runtime.InteropServices;

namespace Kiln.Blocks;

/// <summary>Native memory that begins at a page, for one worker: no large-object heap, fit for direct I/O.</summary>
internal sealed unsafe class AlignedBuffer(int length) : IDisposable
{
    private void* memory = NativeMemory.AlignedAlloc((nuint)length, 4096);

    internal Span<byte> Span => new(memory, length);

    public void Dispose()
    {
        NativeMemory.AlignedFree(memory);
        memory = null;
    }
}
