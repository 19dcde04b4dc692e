using System.Collections.Concurrent;
using Kiln.Blocks.Crypto;

namespace Kiln.Service.Ec2.Encryption;

/// <summary>The data keys that this process has opened, for the data plane, which cannot ask KMS itself.</summary>
/// <remarks>
/// <see cref="DataKeys"/> fills it and takes a key away as soon as its KMS key is found unusable. What is in use then
/// keeps its own reference until it is closed, as a running instance's volumes do in AWS. Thread-safe.
/// </remarks>
public sealed class KeyRing
{
    private readonly ConcurrentDictionary<string, KeyDomain> _open = new(StringComparer.Ordinal);

    /// <summary>The domain of a data key that was opened.</summary>
    /// <exception cref="Protocol.Errors.AwsException">It is not open: its KMS key cannot be used.</exception>
    public KeyDomain Get(string dataKeyId) => Find(dataKeyId)
        ?? throw Ec2Error.KmsKeyUnusable(dataKeyId, "the data key has not been opened, or its KMS key was disabled.");

    internal KeyDomain? Find(string dataKeyId) => _open.GetValueOrDefault(dataKeyId);

    // The first one made stays: two domains of one key would hand out nonces apart, which is safe, but once is enough.
    internal KeyDomain Add(KeyDomain domain) => _open.GetOrAdd(domain.Id, domain);

    internal void Drop(string dataKeyId) => _open.TryRemove(dataKeyId, out _);
}
