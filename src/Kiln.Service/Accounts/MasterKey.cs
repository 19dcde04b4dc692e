using System.Security.Cryptography;

namespace Kiln.Service.Accounts;

/// <summary>The key under which secrets and key material lie in the database. Kept in a file apart from the
/// data.</summary>
/// <remarks>AES-256-GCM: nonce (12 bytes, random), tag (16), ciphertext. The context is authenticated, not
/// stored.</remarks>
public sealed class MasterKey
{
    private const int NonceBytes = 12, TagBytes = 16, KeyBytes = 32;
    private readonly byte[] _key;

    private MasterKey(byte[] key) => _key = key;

    /// <summary>Whether this start made the file.</summary>
    public bool IsNew { get; private init; }

    /// <summary>Reads the file, or makes it (mode 0600) where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is there and is not a master key.</exception>
    public static MasterKey OpenOrCreate(string path)
    {
        var isNew = !File.Exists(path);
        if (isNew)
            Create(path);
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length != KeyBytes)
            throw new InvalidDataException(
                $"{path} is not a master key ({bytes.Length} bytes, {KeyBytes} expected). Put the right file back.");
        return new MasterKey(bytes) { IsNew = isNew };
    }

    /// <summary>A key derived for one purpose, e.g. for paging tokens.</summary>
    public byte[] Derive(string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, KeyBytes, info: System.Text.Encoding.UTF8.GetBytes(purpose));

    /// <summary>Seals bytes so that only this key, with the same context, opens them.</summary>
    public byte[] Seal(ReadOnlySpan<byte> plain, string context)
    {
        var sealedBytes = new byte[NonceBytes + TagBytes + plain.Length];
        var nonce = sealedBytes.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_key, TagBytes);
        aes.Encrypt(nonce, plain, sealedBytes.AsSpan(NonceBytes + TagBytes),
            sealedBytes.AsSpan(NonceBytes, TagBytes), System.Text.Encoding.UTF8.GetBytes(context));
        return sealedBytes;
    }

    /// <summary>Opens what <see cref="Seal"/> made.</summary>
    /// <exception cref="CryptographicException">Another key, another context, or changed bytes.</exception>
    public byte[] Open(ReadOnlySpan<byte> sealedBytes, string context)
    {
        if (sealedBytes.Length < NonceBytes + TagBytes)
            throw new CryptographicException("The sealed value is too short.");
        var plain = new byte[sealedBytes.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(_key, TagBytes);
        aes.Decrypt(sealedBytes[..NonceBytes], sealedBytes[(NonceBytes + TagBytes)..],
            sealedBytes.Slice(NonceBytes, TagBytes), plain, System.Text.Encoding.UTF8.GetBytes(context));
        return plain;
    }

    private static void Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        // Written aside and linked into place, so that two nodes starting together end with one key.
        // The name is random: process ids repeat between containers that share a volume.
        var aside = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.tmp";
        using (var file = new FileStream(aside, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.Write(RandomNumberGenerator.GetBytes(KeyBytes));
            file.Flush(flushToDisk: true);
        }
        try
        {
            File.Move(aside, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(aside);
        }
    }
}
