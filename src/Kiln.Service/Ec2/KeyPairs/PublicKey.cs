using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Kiln.Service.Ec2.KeyPairs;

/// <summary>A public key as it is imported, kept and shown: type, OpenSSH line, fingerprint.</summary>
/// <remarks>
/// EC2 User Guide "Verify the fingerprint of your key pair": RSA imported, MD5 of the DER public key; RSA made here,
/// SHA-1 of the DER PKCS#8 private key; Ed25519, SHA-256 as OpenSSH has it. The digests are names, not protection.
/// </remarks>
public sealed record PublicKey(string KeyType, string Line, string Fingerprint)
{
    /// <summary>The longest material: a 4096-bit RSA key with a long comment has a quarter of it.</summary>
    public const int BytesMax = 8 * 1024;

    private const string Rsa = "ssh-rsa", Ed25519 = "ssh-ed25519";
    private const int Ed25519Bytes = 32;
    private static readonly int[] RsaBits = [1024, 2048, 4096];

    /// <summary>A new RSA key's public half.</summary>
    public static PublicKey OfNew(RSA key) =>
        new("rsa", OpenSsh(key), Colons(Sha1(key.ExportPkcs8PrivateKey())));

    /// <summary>Reads what a caller imports: an OpenSSH line, RFC 4716, or base64 of a DER public key.</summary>
    /// <returns>The key, or null when it is none that EC2 takes.</returns>
    public static PublicKey? Parse(ReadOnlySpan<byte> material)
    {
        if (material.Length > BytesMax)
            return null;
        var text = Encoding.UTF8.GetString(material).Trim();
        try
        {
            if (text.StartsWith("---- BEGIN SSH2 PUBLIC KEY ----", StringComparison.Ordinal))
                return OfBlob(Rfc4716(text), comment: "");
            var words = text.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && words[0] is Rsa or Ed25519 && !text.Contains('\n'))
                return OfBlob(Convert.FromBase64String(words[1]), words.Length > 2 ? words[2] : "", words[0]);
            using var rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(Convert.FromBase64String(text), out _);
            return OfRsa(rsa, "");
        }
        catch (Exception failure) when (failure is FormatException or CryptographicException)
        {
            return null;
        }
    }

    private static byte[] Rfc4716(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n')[1..];
        var body = new StringBuilder();
        var header = false;
        foreach (var line in lines.TakeWhile(l => !l.StartsWith("----", StringComparison.Ordinal)))
        {
            // A header ends with its line, unless that ends with a backslash.
            var inHeader = header || line.Contains(':', StringComparison.Ordinal);
            header = inHeader && line.EndsWith('\\');
            if (!inHeader)
                body.Append(line);
        }
        return Convert.FromBase64String(body.ToString());
    }

    private static PublicKey? OfBlob(byte[] blob, string comment, string? named = null)
    {
        var rest = (ReadOnlySpan<byte>)blob;
        var type = Encoding.ASCII.GetString(Next(ref rest));
        if (named is not null && named != type)
            return null;
        if (type == Ed25519)
        {
            if (Next(ref rest).Length != Ed25519Bytes || rest.Length > 0)
                return null;
            return new PublicKey("ed25519", LineOf(type, blob, comment), Convert.ToBase64String(SHA256.HashData(blob)));
        }
        if (type != Rsa)
            return null;
        var exponent = Next(ref rest).TrimStart((byte)0).ToArray();
        var modulus = Next(ref rest).TrimStart((byte)0).ToArray();
        if (rest.Length > 0 || exponent.Length == 0 || !RsaBits.Contains(modulus.Length * 8))
            return null;
        using var rsa = RSA.Create();
        rsa.ImportParameters(new RSAParameters { Exponent = exponent, Modulus = modulus });
        return OfRsa(rsa, comment);
    }

    private static PublicKey? OfRsa(RSA rsa, string comment) => RsaBits.Contains(rsa.KeySize)
        ? new PublicKey("rsa", OpenSsh(rsa, comment), Colons(Md5(rsa.ExportSubjectPublicKeyInfo())))
        : null;

    private static string OpenSsh(RSA key, string comment = "")
    {
        var numbers = key.ExportParameters(includePrivateParameters: false);
        using var blob = new MemoryStream();
        Write(blob, Encoding.ASCII.GetBytes(Rsa));
        Write(blob, Positive(numbers.Exponent!));
        Write(blob, Positive(numbers.Modulus!));
        return LineOf(Rsa, blob.ToArray(), comment);
    }

    private static string LineOf(string type, byte[] blob, string comment) =>
        $"{type} {Convert.ToBase64String(blob)}{(comment.Length > 0 ? " " + comment : "")}";

    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < sizeof(uint))
            throw new FormatException("The key is cut short.");
        var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
        if (length > rest.Length - sizeof(uint))
            throw new FormatException("The key is cut short.");
        var field = rest.Slice(sizeof(uint), (int)length);
        rest = rest[(sizeof(uint) + (int)length)..];
        return field;
    }

    private static void Write(MemoryStream blob, byte[] field)
    {
        Span<byte> length = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(length, (uint)field.Length);
        blob.Write(length);
        blob.Write(field);
    }

    private static byte[] Positive(byte[] number) => (number[0] & 0x80) == 0 ? number : [0, .. number];

    private static string Colons(byte[] digest) => string.Join(':', digest.Select(b => b.ToString("x2", null)));

#pragma warning disable CA5350, CA5351 // EC2 defines these fingerprints; nothing is protected by them.
    private static byte[] Sha1(byte[] bytes) => SHA1.HashData(bytes);

    private static byte[] Md5(byte[] bytes) => MD5.HashData(bytes);
#pragma warning restore CA5350, CA5351
}
