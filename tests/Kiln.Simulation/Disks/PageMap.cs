namespace Kiln.Simulation.Disks;

/// <summary>The bytes of a file in pages that are shared between copies and replaced when written.</summary>
internal sealed class PageMap
{
    internal const int PageSize = 4096;

    private readonly Dictionary<long, byte[]> pages;

    internal PageMap()
        : this([], 0)
    {
    }

    private PageMap(Dictionary<long, byte[]> pages, long length)
    {
        this.pages = pages;
        Length = length;
    }

    internal long Length { get; private set; }

    internal PageMap Copy() => new(new Dictionary<long, byte[]>(pages), Length);

    internal int Read(long offset, Span<byte> destination)
    {
        var count = (int)Math.Clamp(Length - offset, 0, destination.Length);
        destination = destination[..count];
        while (destination.Length > 0)
        {
            var within = (int)(offset % PageSize);
            var part = destination[..Math.Min(destination.Length, PageSize - within)];
            if (pages.TryGetValue(offset / PageSize, out var page)) page.AsSpan(within, part.Length).CopyTo(part);
            else part.Clear();
            destination = destination[part.Length..];
            offset += part.Length;
        }

        return count;
    }

    internal void Write(long offset, ReadOnlySpan<byte> source)
    {
        Length = Math.Max(Length, offset + source.Length);
        while (source.Length > 0)
        {
            var within = (int)(offset % PageSize);
            var part = source[..Math.Min(source.Length, PageSize - within)];
            var page = new byte[PageSize];
            if (part.Length < PageSize && pages.TryGetValue(offset / PageSize, out var old)) old.CopyTo(page, 0);
            part.CopyTo(page.AsSpan(within));
            pages[offset / PageSize] = page;
            source = source[part.Length..];
            offset += part.Length;
        }
    }

    internal void Resize(long length)
    {
        if (length < Length) Punch(length, Length - length);
        Length = length;
    }

    internal void Punch(long offset, long count)
    {
        var end = Math.Min(offset + count, Length);
        while (offset < end)
        {
            var within = (int)(offset % PageSize);
            var part = (int)Math.Min(end - offset, PageSize - within);
            if (part == PageSize) pages.Remove(offset / PageSize);
            else if (pages.ContainsKey(offset / PageSize)) Write(offset, new byte[part]);
            offset += part;
        }
    }

    internal bool HasPage(long number) => pages.ContainsKey(number);
}
