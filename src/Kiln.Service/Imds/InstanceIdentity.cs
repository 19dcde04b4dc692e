using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kiln.Service.Accounts;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Imds;

/// <summary>The key that signs instance identity documents, one for the installation, and its certificate.</summary>
/// <remarks>
/// EC2 User Guide "Verify the instance identity document". Made on first need and kept as a setting sealed under the
/// master key, so that every node signs alike. Unlike AWS, pkcs7 is signed with RSA 2048 too: DSA with SHA-1 is no
/// proof of anything any more.
/// </remarks>
public sealed class InstanceIdentity(IServiceScopeFactory scopes, MasterKey master, TimeProvider clock) : IDisposable
{
    private const string SettingName = "instance-identity";
    private const int KeyBits = 2048;

    /// <summary>AWS's certificates hold for as long; nobody would renew those that verifiers have pinned.</summary>
    private const int YearsMax = 200;

    private readonly SemaphoreSlim _once = new(1);
    private X509Certificate2? _certificate;

    /// <summary>The certificate, for those who verify.</summary>
    public async Task<string> CertificatePem(CancellationToken cancel) =>
        (await Certificate(cancel)).ExportCertificatePem() + "\n";

    /// <summary>SHA-256 with RSA over a document, in base64.</summary>
    public async Task<string> Signature(string document, CancellationToken cancel)
    {
        using var key = (await Certificate(cancel)).GetRSAPrivateKey()!;
        return Lines(key.SignData(
            Encoding.UTF8.GetBytes(document), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    /// <summary>A PKCS #7 structure with document and signature, in base64 without its header and footer.</summary>
    public async Task<string> Pkcs7(string document, CancellationToken cancel)
    {
        var signed = new SignedCms(new ContentInfo(Encoding.UTF8.GetBytes(document)));
        signed.ComputeSignature(new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, await Certificate(cancel))
        {
            DigestAlgorithm = new Oid("2.16.840.1.101.3.4.2.1", "sha256"),
            IncludeOption = X509IncludeOption.None,
        });
        return Lines(signed.Encode());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _certificate?.Dispose();
        _once.Dispose();
    }

    private async Task<X509Certificate2> Certificate(CancellationToken cancel)
    {
        if (Volatile.Read(ref _certificate) is { } known)
            return known;
        await _once.WaitAsync(cancel);
        try
        {
            return _certificate ??= await LoadOrMake(cancel);
        }
        finally
        {
            _once.Release();
        }
    }

    private async Task<X509Certificate2> LoadOrMake(CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        if (await Load(db, cancel) is { } kept)
            return kept;
        var made = Make();
        db.Add(new Setting
        {
            Name = SettingName, Value = Convert.ToBase64String(master.Seal(made, SettingName)),
        });
        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateException raced) when (DbErrors.IsConflict(raced))
        {
            // Another node was first: its key is the installation's.
            db.ChangeTracker.Clear();
        }
        return await Load(db, cancel)
            ?? throw new InvalidOperationException("The key of instance identity documents is gone.");
    }

    private async Task<X509Certificate2?> Load(Db db, CancellationToken cancel)
    {
        var value = await db.Settings.AsNoTracking().Where(s => s.Name == SettingName).Select(s => s.Value)
            .SingleOrDefaultAsync(cancel);
        return value is null ? null : X509CertificateLoader.LoadPkcs12(
            master.Open(Convert.FromBase64String(value), SettingName), password: null,
            X509KeyStorageFlags.EphemeralKeySet);
    }

    private byte[] Make()
    {
        using var key = RSA.Create(KeyBits);
        var request = new CertificateRequest(
            "CN=Kiln instance identity", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = clock.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(YearsMax));
        return certificate.Export(X509ContentType.Pkcs12);
    }

    /// <summary>Base64 in the lines that PEM readers take, so that a header and a footer make a file of it.</summary>
    private static string Lines(byte[] bytes) => string.Join('\n', Convert.ToBase64String(bytes).Chunk(64)
        .Select(line => new string(line)));
}
