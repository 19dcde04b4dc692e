using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks.Collection;

/// <summary>Reads everything and says what is not as it was written; repairs where there is another copy.</summary>
/// <remarks>
/// Three checks for three purposes: the hash of the stored bytes needs no key, the GCM tag proves that nobody changed
/// them, and SHA-256 of the plain bytes covers everything between the first put and now.
/// </remarks>
public sealed class Scrub(BlockStore store)
{
    private readonly Dictionary<string, KeyDomain> domainsByTag = [];

    /// <summary>Checks once. Safe beside everything else.</summary>
    public CheckReport Run(CheckOptions options, CancellationToken cancel)
    {
        var report = new CheckReport { StartedAt = store.Clock.GetUtcNow() };
        store.SealSegments();
        FindKeys(options);
        foreach (var name in store.Recovered.UnreadableSegments)
            report.Add(new CheckProblem(CheckProblemKind.SegmentUnreadable, name, null, IsRepaired: false));
        var segments = store.Segments.All.Where(s => s.Sealed).OrderBy(s => s.Id).ToList();
        var total = segments.Sum(s => s.File.Length);
        long done = 0;
        foreach (var segment in segments)
        {
            report.Segments++;
            CheckSegment(segment, options, report, cancel);
            options.Progress?.Report(new TransferProgress(done += segment.File.Length, total));
        }

        foreach (var id in store.Manifests())
        {
            cancel.ThrowIfCancellationRequested();
            report.Manifests++;
            CheckManifest(id, options, report);
        }

        return report;
    }

    private void FindKeys(CheckOptions options)
    {
        if (options.Keys is null) return;
        foreach (var id in store.Manifests())
        {
            try
            {
                if (store.OpenManifest(id).DomainId is { } domainId && options.Keys(domainId) is { } domain)
                    domainsByTag[Convert.ToHexString(domain.Tag)] = domain;
            }
            catch (BlockStoreException)
            {
                // Reported when its turn comes.
            }
        }
    }

    private void CheckSegment(Segment segment, CheckOptions options, CheckReport report, CancellationToken cancel)
    {
        var name = SegmentFormat.NameOf(segment.Id);
        var entries = new List<SegmentEntry>();
        if (!Recovery.TryReadFooter(segment.File, segment.Seed, entries))
        {
            // The records are found without it; a damaged footer is written again from them.
            Recovery.Scan(segment.File, segment.Seed, entries, new RecoveryReport(), !store.Options.ReadOnly);
            report.Add(new CheckProblem(
                CheckProblemKind.SegmentUnreadable, name, null, IsRepaired: !store.Options.ReadOnly));
        }

        var codec = store.Codecs.Rent();
        try
        {
            foreach (var entry in entries)
            {
                cancel.ThrowIfCancellationRequested();
                report.Records++;
                if (!options.ReadData) continue;
                options.Limit?.Wait(entry.StoredLength, cancel);
                report.BytesRead += RecordHeader.Size + entry.StoredLength;
                CheckRecord(codec, segment, entry, options, report);
            }
        }
        finally
        {
            store.Codecs.Return(codec);
        }
    }

    private void CheckRecord(
        BlockCodec codec, Segment segment, SegmentEntry entry, CheckOptions options, CheckReport report)
    {
        CheckProblemKind? problem = null;
        var location = new BlockLocation(segment.Id, entry.Offset, entry.StoredLength);
        try
        {
            if (!BlockStore.TryLoadAt(codec, segment, location) || codec.Header.Address != entry.Address)
                problem = CheckProblemKind.RecordDamaged;
            else if (options.Keys is not null && KeyFor(codec.Header, out var domain))
            {
                codec.UnpackVerified(domain, codec.Plain);
                report.ContentVerified++;
            }
        }
        catch (ObjectDisposedException)
        {
            // Collected while we read.
            return;
        }
        catch (IOException)
        {
            problem = CheckProblemKind.ContentWrong;
        }

        if (problem is not { } kind) return;

        // A damaged copy of what the index has elsewhere is only dead weight.
        var current = store.Index.TryFind(entry.Address, out var at)
            && at.Segment == segment.Id && at.Offset == entry.Offset;
        if (current && options.Quarantine) store.Index.Forget(entry.Address, segment.Id, entry.Offset);
        var repaired = !current || (options.Quarantine && TryFetch(entry.Address, options));
        report.Add(new CheckProblem(
            kind, $"{SegmentFormat.NameOf(segment.Id)}+{entry.Offset}", entry.Address.ToString(), repaired));
    }

    private bool KeyFor(RecordHeader header, out KeyDomain? domain)
    {
        domain = null;
        return !header.Encrypted || domainsByTag.TryGetValue(Convert.ToHexString(header.DomainTag), out domain);
    }

    private bool TryFetch(BlockAddress address, CheckOptions options)
    {
        foreach (var other in options.RepairFrom)
        {
            if (other == store || !other.Index.TryFind(address, out var at)) continue;
            var codec = store.Codecs.Rent();
            try
            {
                if (other.Segments.Find(at.Segment) is not { } segment) continue;
                other.EnsureWritten(at);
                if (!BlockStore.TryLoadAt(codec, segment, at) || codec.Header.Address != address) continue;
                store.AppendRecord(codec);
                store.Sync();
                return true;
            }
            catch (IOException)
            {
                // The next one may have it.
            }
            catch (ObjectDisposedException)
            {
                // Collected over there while we read.
            }
            finally
            {
                store.Codecs.Return(codec);
            }
        }

        return false;
    }

    private void CheckManifest(ManifestId id, CheckOptions options, CheckReport report)
    {
        try
        {
            foreach (var reference in store.OpenManifest(id).Pages)
            {
                if (!store.Contains(reference.Address) && !TryFetchMissing(reference.Address, id, options, report))
                    continue;
                var page = store.ReadPage(reference.Address);
                for (var slot = page.Next(0); slot < ManifestPage.References; slot = page.Next(slot + 1))
                {
                    page.TryGet(slot, out var address);
                    if (!store.Contains(address)) TryFetchMissing(address, id, options, report);
                }
            }
        }
        catch (ManifestMissingException)
        {
            // Collected while we walked.
        }
        catch (BlockStoreException)
        {
            report.Add(new CheckProblem(CheckProblemKind.ManifestDamaged, id.ToString(), null, IsRepaired: false));
        }
    }

    private bool TryFetchMissing(BlockAddress address, ManifestId id, CheckOptions options, CheckReport report)
    {
        var repaired = TryFetch(address, options);
        report.Add(new CheckProblem(
            CheckProblemKind.RecordMissing, id.ToString(), address.ToString(), repaired));
        return repaired;
    }
}
